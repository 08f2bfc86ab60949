#include "tests/actors/bridge_fixture.hpp"

namespace starling::actors::test {

namespace {

constexpr auto epoch = bridge_node::epoch;

ticket_ptr resume(bridge_node& n, const texts& rooms, sequence after) {
  return n.make_ticket(rooms, cursor{epoch, after});
}

std::vector<std::pair<std::string, std::string>> losses(const ticket_ptr& ticket) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& l : ticket->answer.lost) out.emplace_back(l.room, l.reason);
  return out;
}
using lost = std::vector<std::pair<std::string, std::string>>;

}  // namespace

TEST_SUITE("actors/bridge replay") {
  TEST_CASE("what the ring has is replayed without a read") {
    bridge_node n;
    n.start();
    n.enter({"a", "b"});
    const auto seen = n.publish("a", "a1");
    n.publish("b", "b1");
    n.publish("a", "a2");
    const auto ticket = resume(n, {"a", "b"}, seen);
    n.request(ticket);
    REQUIRE(n.is_joined(ticket));
    CHECK(n.engine.reads.empty());
    CHECK(data_of(ticket->replay) == texts{"b1", "a2"});
    CHECK(ticket->answer.resumed);
    CHECK(ticket->answer.lost.empty());
  }

  TEST_CASE("only channels that had an event after the cursor are asked for the past") {
    bridge_node n;
    n.start();
    n.enter({"a", "b"});
    n.publish("a", "a1");
    const auto seen = n.publish("b", "b1");
    const auto last = n.publish("b", "b2");
    const auto ticket = n.enter(resume(n, {"a", "b"}, seen));
    REQUIRE(ticket->answer.parts.size() == 1);
    CHECK(ticket->answer.parts[0].after == seen);
    CHECK(data_of(ticket->replay) == texts{"b2"});
    CHECK(ticket->answer.resumed);
    CHECK(n.enter(resume(n, {"a", "b"}, last))->answer.parts.empty());
  }

  TEST_CASE("nothing is replayed to a join without a cursor") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    n.publish("a");
    const auto ticket = n.enter({"a"});
    CHECK(ticket->replay.empty());
    CHECK_FALSE(ticket->answer.resumed);
  }

  TEST_CASE("what the ring does not reach is read from the store while live events flow") {
    bridge_node n;
    n.start();
    const auto old = n.store("a", "old");
    const auto first = n.enter({"a"});
    n.publish("a", "young");
    const auto ticket = resume(n, {"a"}, old.seq - 1);
    n.request(ticket);
    REQUIRE(n.is_joined(ticket));
    CHECK_FALSE(ticket->complete);
    REQUIRE(n.engine.reads.size() == 1);
    CHECK(n.engine.reads[0].after == old.seq - 1);
    CHECK(n.engine.reads[0].up_to == first->answer.position.seq);

    cluster::log_page page;
    page.events = {old};
    n.answer_read(std::move(page));
    REQUIRE(ticket->complete);
    CHECK(data_of(ticket->replay) == texts{"old", "young"});
    CHECK(ticket->answer.resumed);
  }

  TEST_CASE("parts from several channels are one replay in the store's order") {
    bridge_node n;
    n.start();
    const auto b1 = n.store("b", "b1");
    const auto a1 = n.store("a", "a1");
    const auto b2 = n.store("b", "b2");
    const auto ticket = resume(n, {"a", "b"}, b1.seq - 1);
    n.enter(ticket);
    REQUIRE(n.engine.reads.size() == 2);
    while (!n.engine.reads.empty()) {
      cluster::log_page page;
      if (n.engine.reads[0].channel == room_of("a"))
        page.events = {a1};
      else
        page.events = {b1, b2};
      n.answer_read(std::move(page));
    }
    CHECK(ticket->complete);
    CHECK(data_of(ticket->replay) == texts{"b1", "a1", "b2"});
  }

  TEST_CASE("a part of more than a page is read to its end") {
    bridge_node n;
    n.start();
    const auto first = n.store("a", "a1");
    const auto second = n.store("a", "a2");
    const auto ticket = n.enter(resume(n, {"a"}, first.seq - 1));
    cluster::log_page page;
    page.events = {first};
    page.more = true;
    n.answer_read(std::move(page));
    CHECK_FALSE(ticket->complete);
    REQUIRE(n.engine.reads.size() == 1);
    CHECK(n.engine.reads[0].after == first.seq);
    page = {};
    page.events = {second};
    n.answer_read(std::move(page));
    CHECK(ticket->complete);
    CHECK(data_of(ticket->replay) == texts{"a1", "a2"});
    CHECK(ticket->answer.resumed);
  }

  TEST_CASE("history that is gone is named by its room, and the rest is replayed") {
    bridge_node n;
    n.start();
    const auto kept = n.store("a", "kept");
    const auto ticket = n.enter(resume(n, {"a"}, 50));
    cluster::log_page page;
    page.events = {kept};
    page.dropped = true;
    n.answer_read(std::move(page));
    CHECK_FALSE(ticket->answer.resumed);
    CHECK(losses(ticket) == lost{{"a", "expired"}});
    CHECK(data_of(ticket->replay) == texts{"kept"});
  }

  TEST_CASE("a channel holds no more than its history, whatever the store still has") {
    bridge_node n;
    n.node.options.history.max_events_per_channel = 2;
    n.start();
    const auto first = n.store("a", "a1");
    const auto second = n.store("a", "a2");
    const auto third = n.store("a", "a3");
    const auto ticket = n.enter(resume(n, {"a"}, first.seq - 1));
    REQUIRE(n.engine.reads.size() == 1);
    CHECK(n.engine.reads[0].limit == 3);
    cluster::log_page page;
    page.events = {first, second, third};
    n.answer_read(std::move(page));
    CHECK(losses(ticket) == lost{{"a", "expired"}});
    CHECK(data_of(ticket->replay) == texts{"a2", "a3"});
  }

  TEST_CASE("the loss of a user's own events is a loss of everything") {
    bridge_node n;
    n.start();
    const auto ticket = n.make_opening("ann");
    ticket->resume = cursor{epoch, 50};
    n.enter(ticket);
    cluster::log_page page;
    page.dropped = true;
    n.answer_read(std::move(page));
    CHECK(losses(ticket) == lost{{"*", "expired"}});
  }

  TEST_CASE("the past of a room alone makes no member") {
    bridge_node n;
    n.start();
    const auto member = n.enter({"a"});
    n.publish("a", "x");
    const auto past = resume(n, {"a"}, 100);
    past->channels[0].again = true;
    n.request(past);
    REQUIRE(n.is_joined(past));
    n.answer_read(page_of({}));
    CHECK(data_of(past->replay) == texts{"x"});
    n.publish("a", "y");
    CHECK(n.heard() == texts{"x", "y"});  // once for the shard's one member
    n.leaves(member);
    CHECK_FALSE(n.engine.follows(room_of("a")));
  }

  TEST_CASE("a room whose last member leaves while its past is fetched is let go") {
    bridge_node n;
    n.start();
    const auto member = n.enter({"a"});
    n.disconnect();
    const auto past = resume(n, {"a"}, 100);
    past->channels[0].again = true;
    n.connect(n.end_of_store);
    n.request(past);
    n.leaves(member);
    CHECK(n.engine.follows(room_of("a")));
    n.fence_back();
    n.answer_read(page_of({}));
    CHECK(n.is_joined(past));
    CHECK_FALSE(n.engine.follows(room_of("a")));
  }

  TEST_CASE("what is lost is named once") {
    bridge_node n;
    n.start();
    const auto ticket = n.make_opening("ann", {"a"});
    ticket->channels.push_back({std::make_shared<channel>(tenant_channel(acme))});
    ticket->resume = cursor{epoch, 50};
    n.enter(ticket);
    while (!n.engine.reads.empty()) {
      cluster::log_page page;
      page.dropped = true;
      n.answer_read(std::move(page));
    }
    CHECK_FALSE(ticket->answer.resumed);
    CHECK(losses(ticket) == lost{{"*", "expired"}, {"a", "expired"}});
  }

  TEST_CASE("a cursor ahead of this node waits until the node is there") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    const auto elsewhere = n.store("a", "x");  // the client has it from another node
    const auto ticket = resume(n, {"a"}, elsewhere.seq);
    n.request(ticket);
    CHECK_FALSE(n.is_joined(ticket));
    n.arrives(elsewhere);
    n.fence_back();
    REQUIRE(n.is_joined(ticket));
    CHECK(ticket->answer.resumed);
    CHECK(ticket->replay.empty());
  }

  TEST_CASE("a cursor beyond the end of the store is of a lost store; everything is replayed") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    n.publish("a", "x");
    const auto ticket = resume(n, {"a"}, n.end_of_store + 1000);
    n.request(ticket);
    n.fence_back();
    REQUIRE(n.is_joined(ticket));
    CHECK_FALSE(ticket->answer.resumed);
    CHECK(losses(ticket) == lost{{"*", "epoch"}});
    cluster::log_page page;
    page.dropped = true;  // is known already
    n.answer_read(std::move(page));
    CHECK(losses(ticket) == lost{{"*", "epoch"}});
    CHECK(data_of(ticket->replay) == texts{"x"});
  }

  TEST_CASE("for a cursor that cannot be read everything is replayed, as far as it is stored") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    n.publish("a", "x");
    const auto ticket = n.make_ticket({"a"});
    ticket->lost = {{"*", "bad_cursor"}};
    n.request(ticket);
    REQUIRE(n.is_joined(ticket));
    CHECK_FALSE(ticket->answer.resumed);
    cluster::log_page page;
    page.dropped = true;  // is known already
    n.answer_read(std::move(page));
    CHECK(losses(ticket) == lost{{"*", "bad_cursor"}});
    CHECK(data_of(ticket->replay) == texts{"x"});
  }

  TEST_CASE("a cursor of another epoch is a loss and needs no fence") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    const auto ticket = n.make_ticket({"a"}, cursor{epoch + 1, 5});
    n.request(ticket);
    CHECK(n.engine.appends.empty());
    REQUIRE(n.is_joined(ticket));
    CHECK(losses(ticket) == lost{{"*", "epoch"}});
    CHECK_FALSE(ticket->answer.resumed);
  }

  TEST_CASE("nothing from before a membership is replayed") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    const auto before = n.publish("a", "before");
    n.publish("a", "after");
    const auto ticket = resume(n, {"a"}, before - 1);
    ticket->channels[0].since = before;
    n.request(ticket);
    CHECK(data_of(ticket->replay) == texts{"after"});
  }

  TEST_CASE("a late event is replayed to a cursor that was given before it") {
    bridge_node n;
    n.start();
    n.enter({"a", "b"});
    n.publish("a", "a1");
    const auto missed = n.store("a", "a2");
    const auto seen = n.publish("b", "b1");
    for (int i = 0; i < 5; ++i) n.store("c");
    n.publish("a", "a3");  // tells of a2
    n.answer_read(page_of({missed}));
    REQUIRE(n.heard() == texts{"a1", "b1", "a2", "a3"});
    const auto ticket = resume(n, {"a", "b"}, seen);
    n.request(ticket);
    REQUIRE(ticket->complete);
    CHECK(data_of(ticket->replay) == texts{"a2", "a3"});
    CHECK(ticket->answer.resumed);
  }
}

}  // namespace starling::actors::test
