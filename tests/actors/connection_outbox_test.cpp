#include <algorithm>

#include "tests/actors/connection_fixture.hpp"

namespace starling::actors::test {

namespace {

texts numbered(const std::string& prefix, std::size_t count) {
  texts out;
  for (std::size_t i = 1; i <= count; ++i) out.push_back(prefix + std::to_string(i));
  return out;
}

void publish_all(client_node& n, const texts& all) {
  for (const auto& data : all) n.publish("a", data);
}

/// A client whose kernel takes nothing any more.
client_node::client stuck_client(client_node& n) {
  const auto out = n.open("ann", {"a"});
  out.line->stuck = true;
  return out;
}

}  // namespace

TEST_SUITE("actors/connection outbox") {
  TEST_CASE("many events in one pass are no fault of a peer that takes them") {
    client_node n;
    n.node.options.outbox.session.events = 10;
    const auto c = n.open("ann", {"a"});
    publish_all(n, numbered("e", 100));
    CHECK(c.events() == numbered("e", 100));
    CHECK_FALSE(c.line->closing.has_value());
  }

  TEST_CASE("a full outbox ends the session, resumable after what it got") {
    client_node n;
    n.node.options.outbox.session.events = 3;
    const auto c = stuck_client(n);
    publish_all(n, numbered("e", 5));
    CHECK(c.line->closing == close_code::slow_consumer);
    CHECK(c.events() == numbered("e", 3));
    const auto goodbye = c.line->said().back();
    CHECK(wire::field(goodbye, "code") == "slow_consumer");
    CHECK(wire::field(goodbye, "id") == cursor{7, 103}.str());
    CHECK(goodbye.find("\"reconnect\":true") != std::string::npos);
    CHECK(n.loop.metrics().dropped[static_cast<int>(drop_reason::slow_consumer)].get() == 1);
  }

  TEST_CASE("bytes fill an outbox as well") {
    client_node n;
    n.node.options.outbox.session.bytes = 1000;
    const auto c = stuck_client(n);
    publish_all(n, {std::string(600, 'x'), std::string(600, 'y'), std::string(600, 'z')});
    CHECK(c.line->closing == close_code::slow_consumer);
    CHECK(c.events().size() == 2);
  }

  TEST_CASE("slow sessions of one user share a budget; a session that reads is not its concern") {
    client_node n;
    n.node.options.outbox.user = {12, 1 << 20};
    const auto slow = stuck_client(n);
    const auto slower = stuck_client(n);
    const auto reader = n.open("ann", {"a"});
    const auto other = n.open("bob", {"a"});
    other.line->stuck = true;
    publish_all(n, numbered("e", 5));
    CHECK(slow.line->closing == close_code::slow_consumer);
    CHECK(slower.line->closing == close_code::slow_consumer);
    CHECK(slow.events().size() + slower.events().size() < 12);
    CHECK(reader.events() == numbered("e", 5));
    CHECK_FALSE(reader.line->closing.has_value());
    CHECK_FALSE(other.line->closing.has_value());
  }

  TEST_CASE("the node's budget is given back when a client reads again, or goes") {
    client_node n;
    n.node.options.outbox.node = {100, 1 << 20};
    const auto c = stuck_client(n);
    publish_all(n, numbered("e", 5));
    CHECK(n.node.outboxes.held().events > 0);
    c.line->stuck = false;
    c.line->flush();
    c.line->observer->on_drained();
    CHECK(n.node.outboxes.held().events == 0);

    const auto gone = stuck_client(n);
    publish_all(n, numbered("f", 5));
    CHECK(n.node.outboxes.held().events > 0);
    gone.line->observer->on_closed(close_code::client_closed);
    n.run();
    CHECK(n.node.outboxes.held().events == 0);
  }

  TEST_CASE("drop-oldest says once how many are gone and goes on with the latest") {
    client_node n;
    n.node.options.outbox.session.events = 10;
    n.node.options.outbox.drop_oldest = true;
    const auto c = stuck_client(n);
    for (int i = 1; i <= 1000; ++i) {
      n.publish("a", "e" + std::to_string(i));
      CHECK(c.actor->describe().queued_events <= 10);
    }
    c.line->stuck = false;
    for (int i = 0; i < 10; ++i) n.drained(c);
    const auto got = c.events();
    const auto said = c.line->said();
    REQUIRE(got.size() == 10);
    CHECK(got.front() == "e991");
    CHECK(got.back() == "e1000");
    CHECK(std::count_if(said.begin(), said.end(), [](const auto& text) {
            return text.find("\"type\":\"gap\"") != std::string::npos;
          }) == 1);
    CHECK(said[1].find("\"dropped\":990") != std::string::npos);
    CHECK(wire::field(said[1], "id") == cursor{7, 100 + 990}.str());
    CHECK_FALSE(c.line->closing.has_value());
    CHECK(n.loop.metrics().dropped[static_cast<int>(drop_reason::oldest)].get() == 990);
    n.publish("a", "live");
    CHECK(c.events().back() == "live");
  }

  TEST_CASE("drop-oldest keeps the newer half of what was queued when one event is too many") {
    client_node n;
    n.node.options.outbox.session.events = 10;
    n.node.options.outbox.drop_oldest = true;
    const auto c = stuck_client(n);
    publish_all(n, numbered("e", 11));
    c.line->stuck = false;
    for (int i = 0; i < 10; ++i) n.drained(c);
    CHECK(c.events() == texts{"e6", "e7", "e8", "e9", "e10", "e11"});
    CHECK(c.line->last_with("\"gap\"").find("\"dropped\":5") != std::string::npos);
  }

  TEST_CASE("bytes fill an outbox with drop-oldest, and the newest event always stays") {
    client_node n;
    n.node.options.outbox.session.bytes = 1000;
    n.node.options.outbox.drop_oldest = true;
    const auto c = stuck_client(n);
    for (const char letter : {'a', 'b', 'c', 'd'}) n.publish("a", std::string(3000, letter));
    c.line->stuck = false;
    for (int i = 0; i < 10; ++i) n.drained(c);
    CHECK(c.events().back() == std::string(3000, 'd'));
  }

  TEST_CASE("what was dropped is told before a goodbye, and no position behind it is saved") {
    client_node n;
    n.node.options.outbox.session.events = 4;
    n.node.options.outbox.drop_oldest = true;
    const auto c = stuck_client(n);
    publish_all(n, numbered("e", 20));
    CHECK_FALSE(c.actor->save_position());
    n.tell(c.address, close_session{close_code::kicked, std::nullopt, std::nullopt});
    const auto said = c.line->said();
    REQUIRE(said.size() >= 2);
    CHECK(wire::field(said[said.size() - 2], "type") == "gap");
    CHECK(wire::field(said.back(), "type") == "goodbye");
  }

  TEST_CASE("a position is asked to be saved once, however long its client takes to get there") {
    client_node n;
    const auto c = stuck_client(n);
    REQUIRE(c.actor->save_position());
    const auto real = n.node.fanouts[0];
    const auto heard = std::make_shared<journal>();
    n.node.fanouts[0] = n.record<fanout_inbox>(heard);
    const auto deliver = [&] {
      c.actor->deliver(make_publication("a", ++n.position));
      n.run();
    };
    deliver();
    CHECK(heard->all<position_changed>().size() == 1);
    CHECK_FALSE(c.actor->save_position());  // to be called again: nothing has arrived
    deliver();
    CHECK(heard->all<position_changed>().size() == 1);
    c.line->stuck = false;
    c.line->flush();
    CHECK(c.actor->save_position());
    deliver();
    CHECK(heard->all<position_changed>().size() == 2);
    n.node.fanouts[0] = real;
  }

  TEST_CASE("a long replay is written half an outbox at a time, live events behind it") {
    client_node n;
    n.node.options.outbox.session.events = 10;
    const auto c = n.begin("ann", {"a"});
    c.line->stuck = true;
    c.ticket->replay = some_events("a", 22, 40);
    n.let_in(c.ticket);
    CHECK(c.line->queued.size() == 5);
    CHECK(c.line->wants_drained);
    n.publish("a", "live");
    CHECK(c.line->queued.size() == 5);
    c.line->stuck = false;
    for (int i = 0; i < 10; ++i) n.drained(c);
    auto expected = numbered("r", 22);
    expected.push_back("live");
    CHECK(c.events() == expected);
    CHECK_FALSE(c.line->wants_drained);
    n.publish("a", "after");
    CHECK(c.events().back() == "after");
    CHECK_FALSE(c.line->closing.has_value());
  }

  TEST_CASE("a client that does not read its replay is slow when too much waits behind it") {
    client_node n;
    n.node.options.outbox.session.events = 4;
    const auto c = n.begin("ann", {"a"});
    c.line->stuck = true;
    c.ticket->replay = some_events("a", 20, 40);
    n.let_in(c.ticket);
    const auto got = c.events().size();
    publish_all(n, numbered("e", 100));
    CHECK(c.line->closing == close_code::slow_consumer);
    CHECK(c.events().size() == got);
    CHECK(wire::field(c.line->said().back(), "id") == cursor{7, 40 + got}.str());
  }

  TEST_CASE("with drop-oldest a replay that is not read is dropped with a gap, and live goes on") {
    client_node n;
    n.node.options.outbox.session.events = 4;
    n.node.options.outbox.drop_oldest = true;
    const auto c = n.begin("ann", {"a"});
    c.line->stuck = true;
    c.ticket->replay = some_events("a", 20, 40);
    n.let_in(c.ticket);
    publish_all(n, numbered("e", 100));
    CHECK_FALSE(c.line->closing.has_value());
    c.line->stuck = false;
    for (int i = 0; i < 100; ++i) n.drained(c);
    CHECK_FALSE(c.line->last_with("\"gap\"").empty());
    n.publish("a", "last");
    CHECK(c.events().back() == "last");
  }

  TEST_CASE("a resume at the goodbye of a slow consumer misses nothing") {
    client_node n;
    n.node.options.outbox.session.events = 3;
    const auto c = stuck_client(n);
    publish_all(n, numbered("e", 6));
    const auto goodbye = c.line->said().back();
    const auto at = parse_cursor(wire::field(goodbye, "id"));
    REQUIRE(at.has_value());
    CHECK(at->at.seq - 100 == c.events().size());
  }
}

}  // namespace starling::actors::test
