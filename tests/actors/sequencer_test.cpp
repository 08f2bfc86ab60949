/// Order, holes, fences, outages and lives of the store.
#include "tests/actors/sequencer_fixture.hpp"

namespace starling::actors::test::sequencing {

using enum sequencer_phase;

TEST_SUITE("actors/sequencer order") {
  TEST_CASE("an event that arrives twice is delivered once") {
    sequencer_node n;
    n.start({"a"});
    const auto once = n.store("a", "x");
    n.arrives(once);
    n.arrives(once);
    CHECK(n.heard() == texts{"x"});
    CHECK(n.ids() == std::vector{once.seq});
  }

  TEST_CASE("a hole is read from the store while later events of all channels wait") {
    sequencer_node n;
    n.start({"a", "b"});
    n.publish("a", "a1");
    const auto missed = n.store("a", "a2");
    n.publish("a", "a3");
    CHECK(n.order.phase() == repairing);
    n.publish("b", "b1");
    CHECK(n.heard() == texts{"a1"});
    REQUIRE(n.out.reads.size() == 1);
    CHECK(n.out.reads[0].channel == room_of("a"));
    CHECK(n.out.reads[0].range.after == missed.previous);
    CHECK(n.out.reads[0].range.up_to == missed.seq);

    n.answer_read(page_of({missed}));
    CHECK(n.order.phase() == live);
    CHECK(n.heard() == texts{"a1", "a2", "a3", "b1"});
    CHECK(n.out.found == 1);
    CHECK(n.out.losses.empty());
  }

  TEST_CASE("a stored event that nobody can read takes its place and is not looked for") {
    sequencer_node n;
    n.start({"a"});
    for (int i = 0; i < 3; ++i) {
      auto bad = n.store("a");
      bad.event.data = {};
      bad.unreadable = true;
      n.arrives(bad);
      CHECK(n.position() == bad.seq);
      n.publish("a", "good");
    }
    CHECK(n.heard() == texts{"good", "good", "good"});
    CHECK(n.out.reads.empty());
    CHECK(n.order.phase() == live);
  }

  TEST_CASE("a hole before a stored event that nobody can read is a hole") {
    sequencer_node n;
    n.start({"a"});
    const auto missed = n.store("a", "missed");
    auto bad = n.store("a");
    bad.unreadable = true;
    n.arrives(bad);
    n.answer_read(page_of({missed}));
    n.publish("a", "after");
    CHECK(n.heard() == texts{"missed", "after"});
    CHECK(n.out.reads.empty());
  }

  TEST_CASE("two holes one behind the other are both repaired") {
    sequencer_node n;
    n.start({"a", "b"});
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

  TEST_CASE("a predecessor from before the channel was live is no hole") {
    sequencer_node n;
    n.start();
    n.store("a");  // nobody here
    n.enter({"a"});
    n.publish("a", "x");
    CHECK(n.out.reads.empty());
    CHECK(n.heard() == texts{"x"});
  }

  TEST_CASE("what the store has dropped is reported before what is left of the channel") {
    sequencer_node n;
    n.start({"a", "b"});
    n.publish("b", "b1");
    n.store("a", "dropped");
    const auto kept = n.store("a", "kept");
    n.publish("a", "x");
    n.answer_read(page_of({kept}, true));
    CHECK(n.out.losses == std::vector<written_down::loss>{{"a", "expired", 1}});
    CHECK(n.heard() == texts{"b1", "kept", "x"});
    CHECK(n.out.reads.empty());
  }

  TEST_CASE("a hole of more than a page is read to its end") {
    sequencer_node n;
    n.start({"a"});
    const auto first = n.store("a", "a1");
    const auto second = n.store("a", "a2");
    n.publish("a", "a3");
    auto page = page_of({first});
    page.more = true;
    n.answer_read(std::move(page));
    CHECK(n.heard().empty());
    REQUIRE(n.out.reads.size() == 1);
    CHECK(n.out.reads[0].range.after == first.seq);
    n.answer_read(page_of({second}));
    CHECK(n.heard() == texts{"a1", "a2", "a3"});
  }

  TEST_CASE("a repair that failed is tried again with everything") {
    sequencer_node n;
    n.start({"a"});
    const auto missed = n.store("a", "a1");
    const auto seen = n.store("a", "a2");
    n.arrives(seen);
    n.read_fails();
    CHECK(n.heard().empty());
    CHECK(n.order.phase() == catching_up);
    CHECK(n.out.refusals.back() == "the store cannot be read");
    n.second();
    n.fence_back();
    n.answer_read(page_of({missed, seen}));
    CHECK(n.heard() == texts{"a1", "a2"});
  }

  TEST_CASE("an ephemeral event carries the position of what came before, and comes once") {
    sequencer_node n;
    n.start({"a"});
    const auto seq = n.publish("a", "stored");
    n.say("a", "typing", true);
    n.say("a", "typing", true);
    n.say("b", "nobody is there");
    CHECK(n.heard() == texts{"stored", "typing"});
    CHECK(n.out.delivered[1]->at() == cursor{sequencer_node::epoch, seq});
    CHECK_FALSE(n.out.delivered[1]->stored());
  }

  TEST_CASE("events that swapped on their way are delivered in order") {
    sequencer_options options;
    options.disorder = 4ms;
    sequencer_node n(options);
    n.start({"a", "b"});
    const auto first = n.store("a", "a1");
    const auto second = n.store("b", "b1");
    n.arrives(second);
    CHECK(n.heard().empty());
    CHECK(n.out.wakes == std::vector{4ms});
    n.arrives(first);
    CHECK(n.heard() == texts{"a1", "b1"});
    n.order.reorder_due(n.now += 4ms);
    CHECK(n.out.wakes.size() == 1);
  }

  TEST_CASE("a gap in the numbers is waited for as long as the disorder lasts") {
    sequencer_options options;
    options.disorder = 4ms;
    sequencer_node n(options);
    n.start({"a"});
    n.store("elsewhere");
    n.publish("a", "x");
    CHECK(n.heard().empty());
    n.order.reorder_due(n.now += 4ms);
    CHECK(n.heard() == texts{"x"});
    n.store("elsewhere");
    n.publish("a", "y");
    CHECK(n.out.wakes.size() == 2);
  }
}

TEST_SUITE("actors/sequencer fences") {
  TEST_CASE("a channel becomes live at the fence that was sent after it was followed") {
    sequencer_node n;
    n.start();
    n.want({"a"});
    n.publish("a", "before");  // may be one of several that did not arrive
    CHECK(n.heard().empty());
    CHECK_FALSE(n.may_join({"a"}));
    const auto fence = n.fence_back();
    CHECK(n.is_live("a"));
    CHECK(n.may_join({"a"}));
    CHECK(n.position() == fence);
    n.publish("a", "after");
    CHECK(n.heard() == texts{"after"});
  }

  TEST_CASE("who comes while a fence is under way shares the next one") {
    sequencer_node n;
    n.start();
    n.want({"a"});
    n.want({"b"});
    n.want({"c"});
    n.fence_back();
    CHECK(n.is_live("a"));
    CHECK_FALSE(n.is_live("b"));
    n.fence_back();
    CHECK(n.is_live("b"));
    CHECK(n.is_live("c"));
    CHECK(n.out.fences.empty());
  }

  TEST_CASE("a fence has an id that no fence had before, not even of another life of the node") {
    std::set<std::string> ids;
    for (int life = 0; life < 2; ++life) {
      sequencer_node n;
      n.start();
      n.want({"a"});
      ids.insert(n.out.fences.back().event.id);
      n.fence_back();
      n.want({"b"});
      ids.insert(n.out.fences.back().event.id);
    }
    CHECK(ids.size() == 4);
    CHECK_FALSE(ids.contains(""));
  }

  TEST_CASE("a cursor ahead of this node waits for a fence that was sent after it came") {
    sequencer_node n;
    n.start({"a"});
    const auto ahead = cursor{sequencer_node::epoch, n.position() + 5};
    const auto asked = n.order.next_fence();
    CHECK_FALSE(n.may_join({"a"}, asked, ahead));
    CHECK(n.may_join({"a"}, asked, cursor{sequencer_node::epoch, n.position()}));
    CHECK(n.may_join({"a"}, asked, cursor{sequencer_node::epoch + 1, n.position() + 5}));
    n.order.want_fence();
    n.fence_back();
    CHECK(n.may_join({"a"}, asked, ahead));
  }

  TEST_CASE("a fence that cannot be stored refuses those who wait, and the next one serves") {
    sequencer_node n;
    n.start();
    n.want({"a"});
    n.fence_fails();
    CHECK(n.out.refusals.back() == "timeout");
    n.order.want_fence();
    n.fence_back();
    CHECK(n.is_live("a"));
  }

  TEST_CASE("a fence that does not come back is followed by a catch-up") {
    sequencer_node n;
    n.start({"a"});
    const auto missed = n.store("a", "x");
    n.want({"b"});
    const auto silent = take_oldest(n.out.fences);
    const auto refused = n.out.refusals.size();
    for (int i = 0; i < 6; ++i) n.second();
    CHECK(n.out.refusals.size() == refused + 1);
    CHECK(n.order.phase() == catching_up);
    n.order.stored({n.end_of_store + 1, 0, silent.event}, n.now);  // late: it means nothing now
    CHECK(n.order.phase() == catching_up);
    ++n.end_of_store;
    n.fence_back();
    n.answer_read(page_of({missed}));
    CHECK(n.heard() == texts{"x"});
    CHECK(n.is_live("b"));
  }

  TEST_CASE("a quiet node moves its position on and looks whether the store is the same") {
    sequencer_node n;
    n.start({"a"});
    for (int i = 0; i < 16; ++i) {
      n.second();
      if (!n.out.lasts.empty()) n.answer_last(0);
    }
    CHECK(n.out.states == 1);
    const auto fence = n.fence_back();
    CHECK(n.position() == fence);
  }

  TEST_CASE("a channel that is gone before its fence is back does not become live") {
    sequencer_node n;
    n.start();
    n.want({"a", "b"});
    n.leave("a");
    n.fence_back();
    CHECK(n.is_live("b"));
    CHECK_FALSE(n.is_live("a"));
  }
}

TEST_SUITE("actors/sequencer outages") {
  TEST_CASE("what was missed in an outage is delivered before what comes live") {
    sequencer_node n;
    n.start({"a", "b"});
    n.publish("a", "a1");
    n.order.engine_down("gone");
    CHECK(n.order.phase() == away);
    CHECK_FALSE(n.order.ready());
    const auto missed_a = n.store("a", "a2");
    const auto missed_b = n.store("b", "b1");
    const auto also_a = n.store("a", "a3");
    n.order.engine_up(n.now);
    CHECK(n.order.phase() == opening);
    n.answer_state(n.end_of_store);
    CHECK(n.order.phase() == catching_up);
    const auto ahead = n.store("b", "b2");
    n.arrives(ahead);  // live, ahead of the fence
    CHECK(n.heard() == texts{"a1"});

    n.fence_back();
    CHECK(n.order.phase() == repairing);
    n.publish("a", "a4");  // live, behind it
    CHECK(n.out.reads.size() == 2);
    CHECK_FALSE(n.order.ready());
    n.answer_reads({missed_a, missed_b, also_a, ahead});
    CHECK(n.heard() == texts{"a1", "a2", "b1", "a3", "b2", "a4"});
    CHECK(n.order.ready());
  }

  TEST_CASE("a node that has never been connected is not open") {
    sequencer_node n;
    CHECK_FALSE(n.order.open());
    n.order.engine_up(n.now);
    CHECK_FALSE(n.order.open());
    n.answer_state(99);
    CHECK(n.order.open());
    CHECK_FALSE(n.order.ready());
    n.fence_back();
    CHECK(n.order.ready());
    CHECK(n.out.epochs == std::vector<std::pair<epoch_id, bool>>{{7, false}});
    n.order.engine_down("gone");
    CHECK_FALSE(n.order.open());
    CHECK(n.out.refusals == texts{"gone"});
  }

  TEST_CASE("a store that does not say where it stands is asked again") {
    sequencer_node n;
    n.order.engine_up(n.now);
    n.order.state(timeout(), n.now);
    n.second();
    CHECK(n.out.states == 2);
    n.answer_state(99);
    CHECK(n.order.phase() == catching_up);
  }

  TEST_CASE("a leader that changed is reason enough to look for what is missing") {
    sequencer_node n;
    n.start({"a"});
    const auto missed = n.store("a", "x");
    n.order.leader_changed();
    CHECK(n.order.ready());
    n.fence_back();
    n.answer_read(page_of({missed}));
    CHECK(n.heard() == texts{"x"});
  }

  TEST_CASE("a second outage during a repair does not lose what the first has cost") {
    sequencer_node n;
    n.start({"a"});
    const auto missed = n.store("a", "a1");
    const auto seen = n.store("a", "a2");
    n.arrives(seen);
    const auto stale = take_oldest(n.out.reads);
    n.order.engine_down("gone");
    n.order.engine_up(n.now);
    n.answer_state(n.end_of_store);
    n.fence_back();
    n.order.page(stale.range, page_of({}));  // of the repair before
    n.answer_read(page_of({missed, seen}));
    CHECK(n.heard() == texts{"a1", "a2"});
  }

  TEST_CASE("a fence of before an outage does not end it") {
    sequencer_node n;
    n.start({"a"});
    n.want({"b"});
    const auto before = take_oldest(n.out.fences);
    const auto missed = n.store("a", "x");
    n.order.engine_down("gone");
    n.order.engine_up(n.now);
    n.order.stored({++n.end_of_store, 0, before.event}, n.now);
    n.answer_state(n.end_of_store);
    n.order.stored({n.end_of_store, 0, before.event}, n.now);
    CHECK(n.order.phase() == catching_up);
    n.fence_back();
    n.answer_read(page_of({missed}));
    CHECK(n.heard() == texts{"x"});
    CHECK(n.is_live("b"));
  }

  TEST_CASE("the fence of a catch-up that cannot be stored is sent again") {
    sequencer_node n;
    n.start({"a"});
    n.order.leader_changed();
    n.fence_fails();
    const auto held = n.store("a", "x");
    n.arrives(held);
    CHECK(n.heard().empty());
    n.second();
    n.fence_back();
    n.answer_read(page_of({held}));
    CHECK(n.heard() == texts{"x"});
  }

  TEST_CASE("who waits for the fence of a catch-up begins behind its repair") {
    sequencer_node n;
    n.start({"a"});
    const auto missed = n.store("a", "a1");
    n.order.leader_changed();
    n.want({"b"});
    const auto first = n.fence_back();
    CHECK_FALSE(n.may_join({"b"}));
    CHECK_FALSE(n.may_join({"a"}));
    const auto settled = n.out.settlings;
    n.answer_read(page_of({missed}));
    CHECK(n.out.settlings == settled + 1);
    CHECK(n.may_join({"a"}));
    n.fence_back();
    CHECK(n.may_join({"b"}));
    CHECK(n.position() > first);
  }

  TEST_CASE("a leader that changes during a repair begins it again, with everything") {
    sequencer_node n;
    n.start({"a", "b"});
    const auto a1 = n.store("a", "a1");
    const auto b1 = n.store("b", "b1");
    const auto a2 = n.store("a", "a2");
    n.arrives(a2);
    const auto stale = take_oldest(n.out.reads);
    n.order.leader_changed();
    n.order.page(stale.range, page_of({a1}));
    CHECK(n.heard().empty());
    n.fence_back();
    n.answer_reads({a1, b1, a2});
    CHECK(n.heard() == texts{"a1", "b1", "a2"});
  }

  TEST_CASE("the store began anew: the former life is void, what is stored now is delivered") {
    sequencer_node n;
    n.start({"a"});
    n.publish("a", "old");
    n.order.engine_down("gone");
    n.connect(0, 8);
    n.fence_back();
    n.answer_reads({});
    CHECK(n.out.epochs.back() == std::pair<epoch_id, bool>{8, true});
    n.latest.clear();
    n.publish("a", "new");
    CHECK(n.heard() == texts{"old", "new"});
    CHECK(n.out.delivered.back()->at() == cursor{8, n.end_of_store});
  }

  TEST_CASE("a store that began anew without an outage is found out by the next look") {
    sequencer_node n;
    n.start({"a"});
    n.publish("a", "old");
    ++n.out.states;
    n.end_of_store = 3;
    n.latest.clear();
    n.answer_state(3, 8);
    CHECK(n.order.phase() == catching_up);
    CHECK(n.position() == 3);
    const auto held = n.store("a", "new");
    n.arrives(held);
    n.fence_back();
    n.answer_reads({held});
    CHECK(n.heard() == texts{"old", "new"});
  }
}

}  // namespace starling::actors::test::sequencing
