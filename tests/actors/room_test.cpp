#include "actors/room/room.hpp"

#include "tests/actors/actor_fixture.hpp"

namespace starling::actors::test {

namespace {

struct room_node : test_node {
  room_node() {
    room = spawn<room_inbox, actors::room>(std::ref(node), std::make_shared<channel>(room_of("a")),
                                           channel_id{9}, sequence{0});
  }
  session_ptr attach(const std::string& user) {
    auto session = make_session(user);
    tell(room, attach_member{session});
    return session;
  }
  void detach(const session_ptr& session) { tell(room, detach_member{session->id}); }
  std::vector<net::presence_user> present() {
    std::vector<net::presence_user> out;
    tell(room, presence_query{room_of("a"), [&](auto users) { out = std::move(users); }});
    return out;
  }
  void store(sequence seq) { tell(room, inbound{make_publication("a", seq)}); }
  /// What the room has for a replay.
  replay_part ask(sequence after, sequence position, std::uint64_t request = 1) {
    tell(room,
         replay_wanted{record<connection_inbox>(client), request, after, {7, position}, true});
    REQUIRE(client->all<replay_part>().size() == 1);
    return std::exchange(client->all<replay_part>(), {}).front();
  }

  handle<room_inbox> room;
};

void set_state(const session_ptr& session, presence_state state) { session->state = state; }

}  // namespace

// A handle on one kind of channel's actor is made of no other.
static_assert(!std::is_constructible_v<handle<user_inbox>, handle<channel_inbox>>);
static_assert(!std::is_constructible_v<handle<user_inbox>, handle<room_inbox>>);

TEST_SUITE("actors/room") {
  TEST_CASE("of a channel's actor there is a handle on what it is, and on nothing else") {
    room_node n;
    const auto any = narrow<channel_inbox>(n.room);
    CHECK(widen<room_inbox>(any) == n.room);
    CHECK_FALSE(widen<user_inbox>(any));
    CHECK_FALSE(widen<room_inbox>(handle<channel_inbox>()));
  }

  TEST_CASE("what a room was told is there for a replay, and goes to no shard") {
    room_node n;
    n.attach("ann");
    for (const sequence seq : {3, 5, 8}) n.store(seq);
    CHECK(n.fanouts[0]->all<fan_out>().empty());
    const auto part = n.ask(3, 8, 6);
    CHECK(part.request == 6);
    CHECK(part.id == 9);
    CHECK(*part.channel == room_of("a"));
    CHECK(part.gap_is_loss);
    CHECK(data_of(part.events) == texts{"5", "8"});
    CHECK(part.store_after == part.store_up_to);
  }

  TEST_CASE("an event that comes twice is there once") {
    room_node n;
    n.store(5);
    n.store(5);
    CHECK(data_of(n.ask(0, 5).events) == texts{"5"});
  }

  TEST_CASE("a store that began anew makes what was before void") {
    room_node n;
    n.store(50);
    n.tell(n.room, forget_history{2});
    n.store(5);
    const auto part = n.ask(0, 5);
    CHECK(data_of(part.events) == texts{"5"});
    CHECK(part.store_after == 0);
    CHECK(part.store_up_to == 2);
  }

  TEST_CASE("presence counts users, with the first session's time and the best state") {
    room_node n;
    const auto first = n.attach("ann");
    const auto second = n.attach("ann");
    n.attach("bob");
    set_state(first, presence_state::away);
    auto users = n.present();
    REQUIRE(users.size() == 2);
    CHECK(users[0].user == "ann");
    CHECK(users[0].sessions == 2);
    CHECK(users[0].state == "online");
    CHECK(users[0].since_ms == first->opened_ms());
    CHECK(users[1].user == "bob");
    n.detach(second);
    users = n.present();
    CHECK(users[0].sessions == 1);
    CHECK(users[0].state == "away");
  }

  TEST_CASE("of several states the most available one counts, whoever came first") {
    // Sessions are kept by id, so both orders of the map must be met: try some.
    for (int i = 0; i < 8; ++i) {
      room_node n;
      const auto away = n.attach("ann");
      const auto busy = n.attach("ann");
      set_state(away, presence_state::away);
      set_state(busy, presence_state::busy);
      CHECK(n.present()[0].state == "away");
    }
  }

  TEST_CASE("invisible sessions are not seen, other ones of the user are") {
    room_node n;
    const auto ann = n.attach("ann");
    set_state(ann, presence_state::invisible);
    CHECK(n.present().empty());
    n.attach("ann");
    REQUIRE(n.present().size() == 1);
    CHECK(n.present()[0].sessions == 1);
  }

  TEST_CASE("a fault is reported to the bridge") {
    room_node n;
    n.room.stop();
    n.run();
    REQUIRE(n.bridge->all<channel_died>().size() == 1);
    CHECK(n.bridge->all<channel_died>()[0].channel == 9);
    CHECK(n.bridge->all<channel_died>()[0].actor == n.room.id());
  }

  TEST_CASE("a rebuilt room learns its members from a report") {
    room_node n;
    const auto ann = n.make_session("ann");
    n.tell(n.room, members_report{9, {ann}, {n.record<connection_inbox>(n.client)}});
    REQUIRE(n.present().size() == 1);
    CHECK(n.present()[0].user == "ann");
    n.detach(ann);
    CHECK(n.present().empty());
  }

  TEST_CASE("nobody asks who is in the audience of a tenant: it keeps no members") {
    test_node n;
    const auto all = n.spawn<room_inbox, actors::room>(
        std::ref(n.node), std::make_shared<channel>(tenant_channel(acme)), channel_id{3},
        sequence{0});
    n.tell(all, members_report{3, {n.make_session("ann")}, {n.record<connection_inbox>(n.client)}});
    std::size_t users = 9;
    n.tell(all, presence_query{tenant_channel(acme), [&](auto some) { users = some.size(); }});
    CHECK(users == 0);
  }
}

}  // namespace starling::actors::test
