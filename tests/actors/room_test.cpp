#include "actors/room/room.hpp"

#include "tests/actors/actor_fixture.hpp"

namespace starling::actors::test {

namespace {

struct room_node : test_node {
  explicit room_node(std::size_t shards = 1) : test_node(shards) {
    room = spawn<room_inbox, actors::room>(std::ref(node), std::make_shared<channel>(room_of("a")),
                                           feed_id{9}, sequence{0}, shard_counts{});
  }
  ticket_ptr attach(const std::string& user, unsigned shard = 0) {
    auto ticket = make_ticket({"a"}, std::nullopt, user);
    ticket->shard = shard;
    tell(room, attach_member{ticket, 0});
    return ticket;
  }
  void detach(const ticket_ptr& ticket) {
    tell(room, detach_member{ticket->session, ticket->shard, true});
  }
  std::vector<net::presence_user> present() {
    std::vector<net::presence_user> out;
    tell(room, presence_query{room_of("a"), [&](auto users) { out = std::move(users); }});
    return out;
  }
  std::size_t heard(unsigned shard) { return fanouts[shard]->all<fan_out>().size(); }

  handle<room_inbox> room;
};

void set_state(const ticket_ptr& ticket, presence_state state) { ticket->session->state = state; }

}  // namespace

TEST_SUITE("actors/room") {
  TEST_CASE("one message per shard with members, however many those are") {
    room_node n(3);
    const auto ann = n.attach("ann", 0);
    n.attach("bob", 2);
    n.attach("cat", 2);
    n.tell(n.room, inbound{make_publication("a", 1)});
    CHECK(n.heard(0) == 1);
    CHECK(n.heard(1) == 0);
    CHECK(n.heard(2) == 1);
    CHECK(n.fanouts[2]->all<fan_out>()[0].feed == 9);
    n.detach(ann);
    n.tell(n.room, inbound{make_publication("a", 2)});
    CHECK(n.heard(0) == 1);
    CHECK(n.heard(2) == 2);
  }

  TEST_CASE("an old event is not handed out again, an ephemeral one always is") {
    room_node n;
    n.attach("ann");
    n.tell(n.room, inbound{make_publication("a", 5)});
    n.tell(n.room, inbound{make_publication("a", 5)});
    CHECK(n.heard(0) == 1);
    const auto typing =
        std::make_shared<publication>(make_event(room_of("a"), "x"), cursor{7, 5}, 0);
    n.tell(n.room, inbound{typing});
    n.tell(n.room, inbound{typing});
    CHECK(n.heard(0) == 3);
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
    CHECK(users[0].since_ms == first->session->opened_ms());
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
    REQUIRE(n.bridge->all<feed_died>().size() == 1);
    CHECK(n.bridge->all<feed_died>()[0].feed == 9);
  }

  TEST_CASE("the audience of a tenant delivers, and is only counted") {
    test_node n;
    const auto all = n.spawn<room_inbox, actors::room>(
        std::ref(n.node), std::make_shared<channel>(tenant_channel(acme)), feed_id{3}, sequence{0},
        shard_counts{});
    const auto ticket = n.make_ticket({"a"});
    n.tell(all, attach_member{ticket, 0});
    n.tell(all, inbound{make_publication("a", 1)});
    CHECK(n.fanouts[0]->all<fan_out>().size() == 1);
    n.tell(all, detach_member{ticket->session, 0, true});
    n.tell(all, inbound{make_publication("a", 2)});
    CHECK(n.fanouts[0]->all<fan_out>().size() == 1);
  }
}

}  // namespace starling::actors::test
