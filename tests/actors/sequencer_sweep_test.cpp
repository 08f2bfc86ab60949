/// Events that were stored, that did not arrive, and that no later one tells of.
#include "tests/actors/sequencer_fixture.hpp"

namespace starling::actors::test::sequencing {

using enum sequencer_phase;

TEST_SUITE("actors/sequencer sweep") {
  TEST_CASE("an event that no later one tells of is found and delivered") {
    sequencer_node n;
    n.start({"a"});
    n.publish("a", "seen");
    const auto missed = n.store("a", "missed");
    n.second();
    n.answer_last(missed.seq);
    CHECK(n.out.reads.empty());  // it may still be on its way

    const auto fence = n.fence_back();
    REQUIRE(n.out.reads.size() == 1);
    CHECK(n.out.reads[0].channel == room_of("a"));
    CHECK(n.out.reads[0].range.after == missed.previous);
    CHECK(n.out.reads[0].range.up_to == fence);
    n.answer_read(page_of({missed}));
    CHECK(n.heard() == texts{"seen", "missed"});
    CHECK(n.out.found == 1);
    CHECK(n.out.losses.empty());
    CHECK(n.position() == fence);
    n.publish("a", "next");
    CHECK(n.out.reads.empty());
    CHECK(n.heard() == texts{"seen", "missed", "next"});
  }

  TEST_CASE("an event that was on its way is no hole") {
    sequencer_node n;
    n.start({"a"});
    const auto on_its_way = n.store("a", "x");
    n.second();
    n.answer_last(on_its_way.seq);
    n.arrives(on_its_way);
    n.fence_back();
    CHECK(n.out.reads.empty());
    CHECK(n.heard() == texts{"x"});
    CHECK(n.out.found == 0);
  }

  TEST_CASE("a fence that was under way before the answer proves nothing") {
    sequencer_node n;
    n.start({"a"});
    n.want({"b"});
    const auto on_its_way = n.store("a", "x");
    n.second();
    n.answer_last(on_its_way.seq);
    n.fence_back();
    CHECK(n.out.reads.empty());
    n.arrives(on_its_way);
    n.fence_back();
    CHECK(n.out.reads.empty());
    CHECK(n.heard() == texts{"x"});
  }

  TEST_CASE("an event that comes while it is being read is delivered once") {
    sequencer_node n;
    n.start({"a"});
    const auto slow = n.store("a", "x");
    n.second();
    n.answer_last(slow.seq);
    n.fence_back();
    n.arrives(slow);
    n.publish("a", "y");
    n.answer_read(page_of({slow}));
    CHECK(n.heard() == texts{"x", "y"});
  }

  TEST_CASE("a channel of which everything was delivered costs a question and nothing else") {
    sequencer_node n;
    n.start({"a"});
    const auto seq = n.publish("a");
    n.second();
    n.answer_last(seq);
    CHECK(n.out.fences.empty());
    CHECK(n.out.reads.empty());
  }

  TEST_CASE("a cycle asks for each live channel once, never more than allowed in a second") {
    sequencer_options options;
    options.sweep = {2, 1s};
    sequencer_node n(options);
    n.start({"a", "b", "c", "d", "e"});
    std::map<channel_id, int> asked;
    for (int second = 0; second < 3; ++second) {
      n.second();
      CHECK(n.out.lasts.size() <= 2);
      while (!n.out.lasts.empty()) {
        ++asked[n.out.lasts[0]];
        n.answer_last(0);
      }
    }
    CHECK(asked.size() == 5);
    for (const auto& [id, times] : asked) CHECK(times == 1);
    n.second();
    CHECK(n.out.lasts.size() == 2);
  }

  TEST_CASE("a store that does not answer is not asked more and more") {
    sequencer_node n;
    n.start({"a"});
    for (int second = 0; second < 5; ++second) n.second();
    CHECK(n.out.lasts.size() == 1);
    n.order.last_known(take_oldest(n.out.lasts), timeout());
    CHECK(n.out.fences.empty());
    n.second();
    n.second();
    CHECK(n.out.lasts.size() == 1);
  }

  TEST_CASE("a doubt whose fence could not be stored waits for the next one") {
    sequencer_node n;
    n.start({"a"});
    const auto missed = n.store("a", "x");
    n.second();
    n.answer_last(missed.seq);
    n.fence_fails();
    n.second();
    n.fence_back();
    n.answer_read(page_of({missed}));
    CHECK(n.heard() == texts{"x"});
  }

  TEST_CASE("a channel that is left while it is asked about, or doubted, is forgotten") {
    sequencer_node n;
    n.start({"a"});
    const auto missed = n.store("a");
    n.second();
    SUBCASE("before the answer") {
      n.leave("a");
      n.answer_last(missed.seq);
      CHECK(n.out.fences.empty());
    }
    SUBCASE("before the fence") {
      n.answer_last(missed.seq);
      n.leave("a");
      n.fence_back();
      CHECK(n.out.reads.empty());
    }
    SUBCASE("before it was read") {
      n.answer_last(missed.seq);
      n.fence_back();
      n.leave("a");
      n.answer_read(page_of({missed}));
    }
    CHECK(n.heard().empty());
    n.enter({"a"});
    n.publish("a", "x");
    CHECK(n.heard() == texts{"x"});
  }

  TEST_CASE("an outage ends the doubts: what it costs is looked for anyway") {
    sequencer_node n;
    n.start({"a"});
    const auto missed = n.store("a", "x");
    n.second();
    n.answer_last(missed.seq);
    take_oldest(n.out.fences);  // lost with the connection
    n.order.engine_down("gone");
    n.second();
    n.order.engine_up(n.now);
    n.answer_state(n.end_of_store);
    n.fence_back();
    n.answer_read(page_of({missed}));
    CHECK(n.heard() == texts{"x"});
    CHECK(n.out.fences.empty());
    for (int second = 0; second < 2; ++second) n.second();
    CHECK(n.out.lasts.size() == 1);
  }

  TEST_CASE("a leader that changes meanwhile does not make it two repairs") {
    sequencer_node n;
    n.start({"a"});
    const auto missed = n.store("a", "x");
    n.second();
    n.answer_last(missed.seq);
    take_oldest(n.out.fences);
    n.order.leader_changed();
    n.fence_back();
    n.answer_read(page_of({missed}));
    CHECK(n.heard() == texts{"x"});
    n.want({"b"});
    n.fence_back();
    CHECK(n.out.reads.empty());
    CHECK(n.heard() == texts{"x"});
  }

  TEST_CASE("a hole that cannot be read is looked for again, and joins do not wait for it") {
    sequencer_node n;
    n.start({"a"});
    const auto missed = n.store("a", "x");
    n.second();
    n.answer_last(missed.seq);
    n.fence_back();
    CHECK_FALSE(n.may_join({"a"}));
    const auto refused = n.out.refusals.size();
    n.read_fails();
    CHECK(n.out.refusals.size() == refused + 1);
    n.second();
    n.fence_back();
    n.answer_read(page_of({missed}));
    CHECK(n.heard() == texts{"x"});
    CHECK(n.may_join({"a"}));
  }

  TEST_CASE("a repair that takes long refuses those who wait for its fence, and goes on") {
    sequencer_node n;
    n.start({"a"});
    const auto missed = n.store("a", "x");
    n.second();
    n.answer_last(missed.seq);
    n.fence_back();
    const auto refused = n.out.refusals.size();
    for (int second = 0; second < 6; ++second) n.second();
    CHECK(n.out.refusals.size() > refused);
    CHECK(n.out.fences.empty());
    n.answer_read(page_of({missed}));
    CHECK(n.order.phase() == live);
    CHECK(n.heard() == texts{"x"});
  }

  TEST_CASE("who waits for the fence that proves a hole begins behind the repair") {
    sequencer_node n;
    n.start({"a"});
    const auto missed = n.store("a", "x");
    n.second();
    n.answer_last(missed.seq);
    n.want({"b"});
    n.fence_back();
    n.answer_read(page_of({missed}));
    CHECK_FALSE(n.is_live("b"));
    n.fence_back();
    CHECK(n.may_join({"b"}));
  }
}

}  // namespace starling::actors::test::sequencing
