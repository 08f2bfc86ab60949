/// Events handed out after later ones of other rooms: what their ids say, and who resumes with
/// what.
#include "tests/actors/bridge_fixture.hpp"

namespace starling::actors::test {

namespace {

constexpr auto epoch = bridge_node::epoch;

/// Rooms a and b; a2 does not arrive, b1 does; then a3 tells of a2, which is read and handed out.
struct late_node : bridge_node {
  /// `elsewhere`: events that other nodes store between b1 and a3.
  explicit late_node(int elsewhere) {
    start();
    enter({"a", "b"});
    a1 = publish("a", "a1");
    missed = store("a", "a2");
    b1 = publish("b", "b1");
    for (int i = 0; i < elsewhere; ++i) store("c");
    a3 = publish("a", "a3");
    answer_read(page_of({missed}));
    REQUIRE(heard() == texts{"a1", "b1", "a2", "a3"});
  }
  cursor id_of_late() { return fanouts[0]->all<fan_out>()[2].what->at(); }
  ticket_ptr resume(sequence after, const texts& rooms = {"a", "b"}) {
    const auto ticket = make_ticket(rooms, cursor{epoch, after});
    request(ticket);
    REQUIRE(is_joined(ticket));
    return ticket;
  }

  stored_event missed;
  sequence a1 = 0, b1 = 0, a3 = 0;
};

std::vector<sequence> ids_of(const std::vector<publication_ptr>& events) {
  std::vector<sequence> out;
  for (const auto& e : events) out.push_back(e->at().seq);
  return out;
}

}  // namespace

TEST_SUITE("actors/bridge late events") {
  TEST_CASE("a late event has its own position and an id that nobody has seen yet") {
    late_node n(3);
    const auto& late = *n.fanouts[0]->all<fan_out>()[2].what;
    CHECK(late.seq() == n.missed.seq);
    CHECK(late.at() == cursor{epoch, n.a3 - 1});
    CHECK(n.fanouts[0]->all<fan_out>()[3].what->at() == cursor{epoch, n.a3});
  }

  TEST_CASE("who has seen a late event and what came before it gets neither again") {
    late_node n(1);
    CHECK(data_of(n.resume(n.id_of_late().seq)->replay) == texts{"a3"});
  }

  TEST_CASE("who left between the later event and the late one gets what it missed") {
    late_node n(1);
    const auto ticket = n.resume(n.b1);
    CHECK(data_of(ticket->replay) == texts{"a2", "a3"});
    CHECK(ids_of(ticket->replay) == std::vector{n.a3 - 1, n.a3});
    CHECK(ticket->replay[0]->seq() > n.b1);  // `connected` does not go behind b1
    CHECK(ticket->resumed);
  }

  TEST_CASE("so does who left before the later event, in the order of the ids") {
    late_node n(1);
    for (const auto after : {n.a1, n.missed.seq}) {
      const auto ticket = n.resume(after);
      CHECK(data_of(ticket->replay) == texts{"b1", "a2", "a3"});
      CHECK(ids_of(ticket->replay) == std::vector{n.b1, n.a3 - 1, n.a3});
    }
  }

  TEST_CASE("where no position is free, an event comes twice rather than not at all") {
    late_node n(0);
    CHECK(n.id_of_late() == cursor{epoch, n.b1});
    const auto ticket = n.resume(n.b1);
    CHECK(data_of(ticket->replay) == texts{"a2", "a3"});
    CHECK(ticket->replay[0]->seq() > n.b1);
    CHECK(data_of(n.resume(n.a3)->replay).empty());
    CHECK(data_of(n.resume(n.a1)->replay) == texts{"b1", "a2", "a3"});
  }

  TEST_CASE("a room that was left by all remembers its late events") {
    bridge_node n;
    n.start();
    const auto ann = n.enter({"a", "b"});
    const auto missed = n.store("a", "a1");
    const auto seen = n.publish("b", "b1");
    n.tell(n.node.bridge, engine_leader_changed{});
    n.fence_back();
    REQUIRE(n.engine.reads.size() == 2);
    while (!n.engine.reads.empty())
      n.answer_read(page_of(n.engine.reads[0].where == room_of("a") ? std::vector{missed}
                                                                    : std::vector<stored_event>{}));
    REQUIRE(n.heard() == texts{"b1", "a1"});
    n.leaves(ann);
    const auto back = n.enter(n.make_ticket({"a", "b"}, cursor{epoch, seen}));
    while (!n.engine.reads.empty()) n.answer_read({});
    CHECK(data_of(back->replay) == texts{"a1"});
  }

  TEST_CASE("late events at a fence have ids of their own, as far as there are positions") {
    bridge_node n;
    n.start();
    n.enter({"a", "b"});
    const auto a1 = n.store("a", "a1");
    const auto a2 = n.store("a", "a2");
    const auto b1 = n.publish("b", "b1");
    n.store("c");
    n.tell(n.node.bridge, engine_leader_changed{});
    const auto fence = n.fence_back();
    while (!n.engine.reads.empty())
      n.answer_read(page_of(n.engine.reads[0].where == room_of("a") ? std::vector{a1, a2}
                                                                    : std::vector<stored_event>{}));
    REQUIRE(n.heard() == texts{"b1", "a1", "a2"});
    const auto replay_after = [&](sequence after) {
      const auto ticket = n.make_ticket({"a", "b"}, cursor{epoch, after});
      n.request(ticket);
      REQUIRE(n.is_joined(ticket));
      return data_of(ticket->replay);
    };
    CHECK(n.fanouts[0]->all<fan_out>()[2].what->at().seq == fence);
    CHECK(replay_after(b1) == texts{"a1", "a2"});
    CHECK(replay_after(fence - 1) == texts{"a2"});
    CHECK(replay_after(fence).empty());
  }

  TEST_CASE("a late event is shown to its room only, and not to who became a member later") {
    late_node n(1);
    CHECK(n.resume(n.b1, {"b"})->replay.empty());
    const auto ticket = n.make_ticket({"a"}, cursor{epoch, n.b1});
    ticket->channels[0].since = n.missed.seq;
    n.request(ticket);
    CHECK(data_of(ticket->replay) == texts{"a3"});
  }

  TEST_CASE("late events of a former life of the store are forgotten") {
    late_node n(1);
    n.disconnect();
    n.connect(n.b1, epoch + 1);
    n.fence_back();
    const auto ticket = n.make_ticket({"a"}, cursor{epoch + 1, n.b1});
    n.request(ticket);
    REQUIRE(n.is_joined(ticket));
    CHECK(ticket->replay.empty());
  }
}

}  // namespace starling::actors::test
