#include "tests/actors/bridge_fixture.hpp"

namespace starling::actors::test {

TEST_SUITE("actors/bridge order") {
  TEST_CASE("an event that arrives twice is handed out once") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    const auto once = n.store("a", "x");
    n.arrives(once);
    n.arrives(once);
    CHECK(n.heard() == texts{"x"});
  }

  TEST_CASE("a hole is read from the store while later events of all channels wait") {
    bridge_node n;
    n.start();
    n.enter({"a", "b"});
    n.publish("a", "a1");
    const auto missed = n.store("a", "a2");
    n.publish("a", "a3");
    n.publish("b", "b1");
    CHECK(n.heard() == texts{"a1"});
    REQUIRE(n.engine.reads.size() == 1);
    CHECK(n.engine.reads[0].where == room_of("a"));
    CHECK(n.engine.reads[0].after == missed.previous);
    CHECK(n.engine.reads[0].through == missed.seq);

    n.answer_read(page_of({missed}));
    CHECK(n.heard() == texts{"a1", "a2", "a3", "b1"});
    CHECK(n.metrics.gaps[0].get() == 1);
    CHECK(n.metrics.gaps[1].get() == 0);
  }

  TEST_CASE("two holes one behind the other are both repaired") {
    bridge_node n;
    n.start();
    n.enter({"a", "b"});
    n.publish("a", "a1");
    n.publish("b", "b1");
    const auto missed_a = n.store("a", "a2");
    const auto missed_b = n.store("b", "b2");
    n.publish("a", "a3");
    n.publish("b", "b3");
    n.answer_read(page_of({missed_a}));
    CHECK(n.heard() == texts{"a1", "b1", "a2", "a3"});
    n.answer_read(page_of({missed_b}));
    CHECK(n.heard() == texts{"a1", "b1", "a2", "a3", "b2", "b3"});
  }

  TEST_CASE("a predecessor from before the membership is no hole") {
    bridge_node n;
    n.start();
    n.store("a");  // nobody here
    n.enter({"a"});
    n.publish("a", "x");
    CHECK(n.engine.reads.empty());
    CHECK(n.heard() == texts{"x"});
  }

  TEST_CASE("a predecessor that the store has dropped is not waited for twice") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    n.store("a", "dropped");
    n.publish("a", "x");
    auto page = page_of({});
    page.dropped = true;
    n.answer_read(std::move(page));
    REQUIRE(n.fanouts[0]->all<fan_out>().size() == 2);
    const auto& notice = *n.fanouts[0]->all<fan_out>()[0].what;
    CHECK(notice.what().name == "gap");
    CHECK(notice.what().data == R"({"reason":"expired","room":"a"})");
    CHECK_FALSE(notice.stored());
    const auto& on_the_wire = notice.frame_for(net::wire_format::ws_json);
    CHECK_FALSE(on_the_wire.is_event());
    CHECK(on_the_wire.body().find(R"({"type":"gap","reason":"expired")") != std::string_view::npos);
    CHECK(n.heard()[1] == "x");
    CHECK(n.metrics.gaps[1].get() == 1);
  }

  TEST_CASE("members hear of a gap before what is left of it") {
    bridge_node n;
    n.start();
    n.enter({"a", "b"});
    n.publish("b", "b1");
    const auto before = n.end_of_store;
    n.store("a", "dropped");
    const auto kept = n.store("a", "kept");
    n.publish("a", "x");
    auto page = page_of({kept});
    page.dropped = true;
    n.answer_read(std::move(page));
    const auto& told = n.fanouts[0]->all<fan_out>();
    REQUIRE(told.size() == 4);
    CHECK(told[1].what->what().name == "gap");
    CHECK(told[1].what->at().seq == before);
    CHECK(n.heard()[2] == "kept");
    CHECK(n.heard()[3] == "x");
  }

  TEST_CASE("what was missed in an outage is handed out before what comes live") {
    bridge_node n;
    n.start();
    n.enter({"a", "b"});
    n.publish("a", "a1");
    n.disconnect();
    const auto missed_a = n.store("a", "a2");
    const auto missed_b = n.store("b", "b1");
    const auto also_a = n.store("a", "a3");
    n.tell(n.node.bridge, engine_changed{true, "back"});
    n.answer_state(n.end_of_store);
    n.publish("b", "b2");  // live, ahead of the fence
    CHECK(n.heard() == texts{"a1"});
    CHECK_FALSE(n.node.engine_ready);

    n.fence_back();
    n.publish("a", "a4");  // live, behind it
    CHECK(n.heard() == texts{"a1"});
    REQUIRE(n.engine.reads.size() == 2);
    while (!n.engine.reads.empty()) {
      const bool is_a = n.engine.reads[0].where == room_of("a");
      n.answer_read(
          is_a ? page_of({missed_a, also_a})
               : page_of(
                     {missed_b, {also_a.seq + 1, missed_b.seq, make_event(room_of("b"), "b2")}}));
    }
    CHECK(n.heard() == texts{"a1", "a2", "b1", "a3", "b2", "a4"});
    CHECK(n.node.engine_ready);
  }

  TEST_CASE("a leader that changed is reason enough to look for what is missing") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    const auto missed = n.store("a", "x");
    n.tell(n.node.bridge, engine_leader_changed{});
    n.fence_back();
    n.answer_read(page_of({missed}));
    CHECK(n.heard() == texts{"x"});
  }

  TEST_CASE("a repair that failed is tried again with everything") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    const auto missed = n.store("a", "a1");
    const auto seen = n.store("a", "a2");
    n.arrives(seen);
    take_oldest(n.engine.reads).done(error{errc::unavailable, "timeout"});
    n.run();
    CHECK(n.heard().empty());
    n.tell(n.node.bridge, tick{});
    n.fence_back();
    n.answer_read(page_of({missed, seen}));
    CHECK(n.heard() == texts{"a1", "a2"});
  }

  TEST_CASE("a second outage during a repair does not lose what the first has cost") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    const auto missed = n.store("a", "a1");
    const auto seen = n.store("a", "a2");
    n.arrives(seen);
    const auto stale = take_oldest(n.engine.reads);
    n.disconnect();
    n.tell(n.node.bridge, engine_changed{true, "back"});
    n.answer_state(n.end_of_store);
    n.fence_back();
    stale.done(page_of({}));  // of the repair before
    n.run();
    n.answer_read(page_of({missed, seen}));
    CHECK(n.heard() == texts{"a1", "a2"});
  }

  TEST_CASE("a fence of a catch-up that cannot be stored is sent again") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    n.tell(n.node.bridge, engine_leader_changed{});
    n.fence_fails();
    n.publish("a", "x");
    CHECK(n.heard().empty());
    n.tell(n.node.bridge, tick{});
    REQUIRE(n.engine.appends.size() == 1);
    n.fence_back();
    cluster::log_page page;
    auto again = n.store("a", "x");
    again.seq = n.end_of_store - 2;
    page.events = {again};
    n.answer_read(std::move(page));
    CHECK(n.heard() == texts{"x"});
  }

  TEST_CASE("a join that waits for the fence of a catch-up begins behind the repair") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    const auto missed = n.store("a", "a1");
    n.tell(n.node.bridge, engine_leader_changed{});
    const auto ticket = n.make_ticket({"b"});
    n.request(ticket);
    const auto first = n.fence_back();
    CHECK_FALSE(n.is_joined(ticket));
    n.answer_read(page_of({missed}));
    CHECK(n.heard() == texts{"a1"});
    n.fence_back();
    REQUIRE(n.is_joined(ticket));
    CHECK(ticket->position.seq > first);
  }

  TEST_CASE("an ephemeral event whose id was here already is handed out once") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    auto what = make_event(room_of("a"), "typing");
    what.id_given = true;
    for (int i = 0; i < 2; ++i) n.tell(n.node.bridge, engine_ephemeral{what});
    CHECK(n.heard() == texts{"typing"});
  }

  TEST_CASE("an ephemeral event carries the position of what came before it") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    const auto seq = n.publish("a");
    n.say("a", "typing");
    REQUIRE(n.fanouts[0]->all<fan_out>().size() == 2);
    const auto& typing = *n.fanouts[0]->all<fan_out>()[1].what;
    CHECK(typing.at() == cursor{bridge_node::epoch, seq});
    CHECK_FALSE(typing.stored());
  }

  TEST_CASE("an event goes once to each shard that has members, and to no other") {
    bridge_node n(3);
    n.start();
    for (const unsigned shard : {0u, 2u, 2u}) {
      const auto ticket = n.make_ticket({"a"});
      ticket->shard = shard;
      n.enter(ticket);
    }
    n.publish("a", "x");
    CHECK(n.heard(0) == texts{"x"});
    CHECK(n.heard(1).empty());
    CHECK(n.heard(2) == texts{"x"});
  }

  TEST_CASE("a hole of more than a page is read to its end") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    const auto first = n.store("a", "a1");
    const auto second = n.store("a", "a2");
    n.publish("a", "a3");
    auto page = page_of({first});
    page.more = true;
    n.answer_read(std::move(page));
    CHECK(n.heard().empty());
    REQUIRE(n.engine.reads.size() == 1);
    CHECK(n.engine.reads[0].after == first.seq);
    n.answer_read(page_of({second}));
    CHECK(n.heard() == texts{"a1", "a2", "a3"});
  }

  TEST_CASE("the store began anew: sessions are sent away, and what is stored now is handed out") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    n.publish("a", "old");
    n.disconnect();
    n.connect(0, 8);
    n.fence_back();
    while (!n.engine.reads.empty()) n.answer_read(page_of({}));
    CHECK(n.node.epoch == 8);
    CHECK(n.metrics.gaps[1].get() == 1);
    n.latest.clear();
    n.publish("a", "new");
    CHECK(n.heard() == texts{"old", "new"});
    CHECK(n.fanouts[0]->all<fan_out>().back().what->at().epoch == 8);
  }
}

}  // namespace starling::actors::test
