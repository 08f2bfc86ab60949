/// Events delivered after later ones of other rooms: what their ids say, and who resumes with them.
#include "tests/actors/sequencer_fixture.hpp"

namespace starling::actors::test::sequencing {

namespace {

/// Rooms a and b; a2 does not arrive, b1 does; then a3 tells of a2, which is read and delivered.
struct late_node : sequencer_node {
  /// `elsewhere`: events that other nodes store between b1 and a3.
  explicit late_node(int elsewhere) {
    start({"a", "b"});
    a1 = publish("a", "a1");
    missed = store("a", "a2");
    b1 = publish("b", "b1");
    for (int i = 0; i < elsewhere; ++i) store("c");
    a3 = publish("a", "a3");
    answer_read(page_of({missed}));
    REQUIRE(heard() == texts{"a1", "b1", "a2", "a3"});
  }
  sequence id_of_late() { return ids()[2]; }

  stored_event missed;
  sequence a1 = 0, b1 = 0, a3 = 0;
};

texts late_for(const sequencer_node& n, const std::string& room, sequence cursor,
               sequence since = 0, epoch_id epoch = sequencer_node::epoch) {
  texts out;
  for (const auto& each : n.order.late_for(room_of(room), since, {epoch, cursor}))
    out.push_back(each->event().data);
  return out;
}

}  // namespace

TEST_SUITE("actors/sequencer late events") {
  TEST_CASE("a late event has its own position and an id that nobody has seen yet") {
    late_node n(3);
    const auto& late = *n.out.delivered[2];
    CHECK(late.seq() == n.missed.seq);
    CHECK(late.at() == cursor{sequencer_node::epoch, n.a3 - 1});
    CHECK(n.out.delivered[3]->at().seq == n.a3);
  }

  TEST_CASE("a resume between its position and its id needs it, any other does not") {
    late_node n(1);
    CHECK(late_for(n, "a", n.a1).empty());  // its own position is behind that cursor
    CHECK(late_for(n, "a", n.missed.seq) == texts{"a2"});
    CHECK(late_for(n, "a", n.b1) == texts{"a2"});
    CHECK(late_for(n, "a", n.id_of_late()).empty());
  }

  TEST_CASE("where no position is free, an event comes twice rather than not at all") {
    late_node n(0);
    CHECK(n.id_of_late() == n.b1);
    CHECK(late_for(n, "a", n.b1) == texts{"a2"});
    CHECK(late_for(n, "a", n.a3).empty());
  }

  TEST_CASE("it is for its room only, and not for who became a member later") {
    late_node n(1);
    CHECK(late_for(n, "b", n.b1).empty());
    CHECK(late_for(n, "a", n.b1, n.missed.seq).empty());
    CHECK(late_for(n, "a", n.b1, n.missed.seq - 1) == texts{"a2"});
  }

  TEST_CASE("it is remembered when the room was left by all") {
    late_node n(1);
    n.leave("a");
    n.enter({"a"});
    CHECK(late_for(n, "a", n.b1) == texts{"a2"});
  }

  TEST_CASE("those found at a fence have ids of their own, as far as there are positions") {
    sequencer_node n;
    n.start({"a", "b"});
    const auto a1 = n.store("a", "a1");
    const auto a2 = n.store("a", "a2");
    const auto b1 = n.publish("b", "b1");
    n.store("c");
    n.order.leader_changed();
    const auto fence = n.fence_back();
    n.answer_reads({a1, a2});
    REQUIRE(n.heard() == texts{"b1", "a1", "a2"});
    CHECK(n.ids() == std::vector{b1, fence - 1, fence});
    CHECK(late_for(n, "a", b1) == texts{"a1", "a2"});
    CHECK(late_for(n, "a", fence - 1) == texts{"a2"});
    CHECK(late_for(n, "a", fence).empty());
  }

  TEST_CASE("those of a former life of the store are forgotten") {
    late_node n(1);
    n.order.engine_down("gone");
    n.connect(n.b1, sequencer_node::epoch + 1);
    CHECK(late_for(n, "a", n.b1, 0, sequencer_node::epoch + 1).empty());
    CHECK(late_for(n, "a", n.b1).empty());
  }
}

}  // namespace starling::actors::test::sequencing
