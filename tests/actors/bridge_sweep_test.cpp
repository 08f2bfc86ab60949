/// Events that were stored, that did not arrive, and that no later one tells of.
#include "tests/actors/bridge_fixture.hpp"

namespace starling::actors::test {

TEST_SUITE("actors/bridge sweep") {
  TEST_CASE("an event that no later one tells of is found and handed out") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    n.publish("a", "seen");
    const auto missed = n.store("a", "missed");
    n.tell(n.node.bridge, tick{});
    REQUIRE(n.engine.lasts.size() == 1);
    CHECK(n.engine.lasts[0].where == room_of("a"));
    n.answer_last(missed.seq);
    CHECK(n.engine.reads.empty());  // it may still be on its way

    const auto fence = n.fence_back();
    REQUIRE(n.engine.reads.size() == 1);
    CHECK(n.engine.reads[0].after == missed.previous);
    CHECK(n.engine.reads[0].through == fence);
    n.answer_read(page_of({missed}));
    CHECK(n.heard() == texts{"seen", "missed"});
    CHECK(n.metrics.gaps[0].get() == 1);
    CHECK(n.metrics.gaps[1].get() == 0);
    CHECK(n.node.position == fence);
    n.publish("a", "next");
    CHECK(n.engine.reads.empty());
    CHECK(n.heard() == texts{"seen", "missed", "next"});
  }

  TEST_CASE("an event that was on its way is no hole") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    const auto on_its_way = n.store("a", "x");
    n.tell(n.node.bridge, tick{});
    n.answer_last(on_its_way.seq);
    n.arrives(on_its_way);
    n.fence_back();
    CHECK(n.engine.reads.empty());
    CHECK(n.heard() == texts{"x"});
    CHECK(n.metrics.gaps[0].get() == 0);
  }

  TEST_CASE("a fence that was under way before the answer proves nothing") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    n.request(n.make_ticket({"b"}));
    const auto on_its_way = n.store("a", "x");
    n.tell(n.node.bridge, tick{});
    n.answer_last(on_its_way.seq);
    n.fence_back();
    CHECK(n.engine.reads.empty());
    n.arrives(on_its_way);
    n.fence_back();
    CHECK(n.engine.reads.empty());
    CHECK(n.heard() == texts{"x"});
  }

  TEST_CASE("an event that comes while it is being read is handed out once") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    const auto slow = n.store("a", "x");
    n.tell(n.node.bridge, tick{});
    n.answer_last(slow.seq);
    n.fence_back();
    n.arrives(slow);
    n.publish("a", "y");
    n.answer_read(page_of({slow}));
    CHECK(n.heard() == texts{"x", "y"});
  }

  TEST_CASE("a channel of which everything was handed out costs a question and nothing else") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    const auto seq = n.publish("a");
    n.tell(n.node.bridge, tick{});
    n.answer_last(seq);
    CHECK(n.engine.appends.empty());
    CHECK(n.engine.reads.empty());
  }

  TEST_CASE("a cycle asks for each live channel once, never more than allowed in a second") {
    bridge_node n;
    n.node.options.sweep = {2, std::chrono::seconds(1)};
    n.start();
    n.enter({"a", "b", "c", "d", "e"});
    std::map<channel, int> asked;
    for (int second = 0; second < 3; ++second) {
      n.tell(n.node.bridge, tick{});
      CHECK(n.engine.lasts.size() <= 2);
      while (!n.engine.lasts.empty()) {
        ++asked[n.engine.lasts[0].where];
        n.answer_last(0);
      }
    }
    CHECK(asked.size() == 5);
    for (const auto& [where, times] : asked) CHECK(times == 1);
    n.tell(n.node.bridge, tick{});
    CHECK(n.engine.lasts.size() == 2);
  }

  TEST_CASE("a store that does not answer is not asked more and more") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    for (int second = 0; second < 5; ++second) n.tell(n.node.bridge, tick{});
    CHECK(n.engine.lasts.size() == 1);
    take_oldest(n.engine.lasts).done(error{errc::unavailable, "timeout"});
    n.run();
    CHECK(n.engine.appends.empty());
    n.tell(n.node.bridge, tick{});
    n.tell(n.node.bridge, tick{});
    CHECK(n.engine.lasts.size() == 1);
  }

  TEST_CASE("a channel that is left while it is asked about, or doubted, is forgotten") {
    bridge_node n;
    n.start();
    const auto ann = n.enter({"a"});
    const auto missed = n.store("a");
    n.tell(n.node.bridge, tick{});
    SUBCASE("before the answer") {
      n.leaves(ann);
      n.answer_last(missed.seq);
      CHECK(n.engine.appends.empty());
    }
    SUBCASE("before the fence") {
      n.answer_last(missed.seq);
      n.leaves(ann);
      n.fence_back();
      CHECK(n.engine.reads.empty());
    }
    SUBCASE("before it was read") {
      n.answer_last(missed.seq);
      n.fence_back();
      n.leaves(ann);
      n.answer_read(page_of({missed}));
    }
    CHECK(n.heard().empty());
    n.enter({"a"});
    n.publish("a", "x");
    CHECK(n.heard() == texts{"x"});
  }

  TEST_CASE("an outage ends the doubts: what it costs is looked for anyway") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    const auto missed = n.store("a", "x");
    n.tell(n.node.bridge, tick{});
    n.answer_last(missed.seq);
    take_oldest(n.engine.appends);  // the fence is lost with the connection
    n.disconnect();
    n.tell(n.node.bridge, tick{});
    n.tell(n.node.bridge, engine_changed{true, "back"});
    n.answer_state(n.end_of_store);
    n.fence_back();
    n.answer_read(page_of({missed}));
    CHECK(n.heard() == texts{"x"});
    CHECK(n.engine.appends.empty());
    for (int second = 0; second < 2; ++second) n.tell(n.node.bridge, tick{});
    CHECK(n.engine.lasts.size() == 1);
  }

  TEST_CASE("a leader that changes meanwhile does not make it two repairs") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    const auto missed = n.store("a", "x");
    n.tell(n.node.bridge, tick{});
    n.answer_last(missed.seq);
    take_oldest(n.engine.appends);
    n.tell(n.node.bridge, engine_leader_changed{});
    n.fence_back();
    n.answer_read(page_of({missed}));
    CHECK(n.heard() == texts{"x"});
    n.request(n.make_ticket({"b"}));
    n.fence_back();
    CHECK(n.engine.reads.empty());
    CHECK(n.heard() == texts{"x"});
  }

  TEST_CASE("a hole that cannot be read is looked for again, and joins do not wait for it") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    const auto missed = n.store("a", "x");
    n.tell(n.node.bridge, tick{});
    n.answer_last(missed.seq);
    n.fence_back();
    const auto waits = n.make_ticket({"a"});
    n.request(waits);
    CHECK_FALSE(n.is_joined(waits));
    take_oldest(n.engine.reads).done(error{errc::unavailable, "timeout"});
    n.run();
    n.tell(n.node.bridge, tick{});
    CHECK(n.client->all<refused>().size() == 1);
    n.fence_back();
    n.answer_read(page_of({missed}));
    CHECK(n.heard() == texts{"x"});
  }

  TEST_CASE("who resumes while a hole is open gets it in its place") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    const auto seen = n.publish("a", "a1");
    const auto missed = n.store("a", "a2");
    n.tell(n.node.bridge, tick{});
    n.answer_last(missed.seq);
    n.fence_back();
    const auto back = n.make_ticket({"a"}, cursor{bridge_node::epoch, seen - 1});
    n.request(back);
    CHECK_FALSE(n.is_joined(back));
    n.answer_read(page_of({missed}));
    REQUIRE(n.is_joined(back));
    CHECK(data_of(back->replay) == texts{"a1", "a2"});
    CHECK(n.engine.appends.empty());
  }

  TEST_CASE("a join that waits for the fence which proves a hole begins behind the repair") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    const auto missed = n.store("a", "x");
    n.tell(n.node.bridge, tick{});
    n.answer_last(missed.seq);
    const auto ticket = n.make_ticket({"b"});
    n.request(ticket);
    n.fence_back();
    CHECK_FALSE(n.is_joined(ticket));
    n.answer_read(page_of({missed}));
    n.fence_back();
    CHECK(n.is_joined(ticket));
  }
}

}  // namespace starling::actors::test
