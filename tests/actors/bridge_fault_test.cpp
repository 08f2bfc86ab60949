#include <algorithm>
#include <stdexcept>

#include "actors/bridge/live_channels.hpp"
#include "actors/room/user_control.hpp"
#include "tests/actors/bridge_fixture.hpp"

namespace starling::actors::test {

namespace {

/// The room's next handler throws.
void break_room(bridge_node& n, const std::string& room) {
  n.send(n.at(), presence_query{room_of(room), [](auto) { throw std::runtime_error("a fault"); }});
}

/// Answers a recount like a fanout whose members those tickets are.
void report(bridge_node& n, const std::vector<ticket_ptr>& members, unsigned shard = 0) {
  auto& asked = n.fanouts[shard]->all<recount>();
  REQUIRE(asked.size() == 1);
  members_report out{asked[0].channel, {}, {}};
  for (const auto& ticket : members) {
    out.members.push_back(ticket->session);
    out.connections.push_back(ticket->connection);
  }
  n.tell(asked[0].to, std::move(out));
  asked.clear();
}

/// The bridge hears that the user's actor died: the last one it started.
void bury_user(bridge_node& n, channel_id user) {
  n.send(n.at(), channel_died{user, n.system.latest_actor_id()});
}

std::size_t present(bridge_node& n, const std::string& room) {
  std::size_t count = 0;
  n.tell(n.at(), presence_query{room_of(room), [&](auto users) { count = users.size(); }});
  return count;
}

}  // namespace

TEST_SUITE("actors/bridge faults") {
  TEST_CASE("a room that dies of a fault is built anew with its members and goes on") {
    bridge_node n;
    n.start();
    const auto ann = n.enter({"a"});
    n.publish("a", "before");
    break_room(n, "a");
    n.run();
    report(n, {ann});
    n.publish("a", "after");
    CHECK(n.heard().front() == "before");
    CHECK(n.heard().back() == "after");
    CHECK(present(n, "a") == 1);
    CHECK(n.engine.follows(room_of("a")));
    n.leaves(ann);
    CHECK_FALSE(n.engine.follows(room_of("a")));
  }

  TEST_CASE("a user that dies of a fault knows its sessions again") {
    bridge_node n;
    n.node.options.sessions.max_per_user = 1;
    n.start();
    const auto first = n.enter(n.make_opening("ann"));
    bury_user(n, first->answer.channels[0].id);
    n.run();
    report(n, {first});
    const auto second = n.enter(n.make_opening("ann"));
    REQUIRE(n.client->all<close_session>().size() == 1);
    CHECK(n.client->all<close_session>()[0].code == close_code::session_limit);
  }

  TEST_CASE("newcomers of whom a user that dies has not decided are refused, and may come back") {
    bridge_node n;
    n.node.clustered = true;
    n.node.options.sessions = {2, true};
    n.start();
    const auto first = n.enter(n.make_opening("ann"));
    const auto user = n.system.latest_actor_id();
    n.engine.controls.clear();

    const auto newcomer = n.make_opening("ann", {"a"});
    newcomer->request = 9;
    n.request(newcomer);  // waits for room a
    const auto fence = take_oldest(n.engine.appends).event;
    n.send(n.at(), engine_stored{{++n.end_of_store, 0, fence}});  // asks the user, who is dead
    n.send(n.at(), channel_died{first->answer.channels[0].id, user});
    n.run();
    REQUIRE(n.client->all<refused>().size() == 1);
    CHECK(n.client->all<refused>()[0].request == 9);
    CHECK(n.client->all<refused>()[0].why.reconnect);
    CHECK_FALSE(n.engine.follows(room_of("a")));
    CHECK_FALSE(n.is_joined(newcomer));
    report(n, {first});
    const auto told =
        std::any_of(n.engine.controls.begin(), n.engine.controls.end(), [&](const auto& control) {
          return decode_user_control(control.second).value().closed ==
                 std::vector{newcomer->session->id};
        });
    CHECK(told);

    n.enter(n.make_opening("ann"));
  }

  TEST_CASE("a user that dies before its only session was admitted leaves nothing behind") {
    bridge_node n;
    n.start();
    const auto ticket = n.make_opening("ann");
    n.request(ticket);
    const auto fence = take_oldest(n.engine.appends).event;
    // The first channel that this bridge has, and the next actor there is.
    live_channels alike;
    const auto user = alike.add(ticket->channels[0].channel).id;
    n.send(n.at(), engine_stored{{++n.end_of_store, 0, fence}});
    n.send(n.at(), channel_died{user, n.system.latest_actor_id() + 1});
    n.run();
    CHECK(n.client->all<refused>().size() == 1);
    CHECK_FALSE(n.is_joined(ticket));
    CHECK(n.node.users == 0);
    n.enter(n.make_opening("ann"));
    CHECK(n.node.users == 1);
  }

  TEST_CASE("the fault of one room leaves the others alone") {
    bridge_node n;
    n.start();
    n.enter({"a", "b"});
    break_room(n, "a");
    n.run();
    n.publish("b", "x");
    CHECK(n.heard().back() == "x");
  }

  TEST_CASE("a resume after a fault goes to the store") {
    bridge_node n;
    n.start();
    const auto ann = n.enter({"a"});
    const auto seq = n.publish("a", "x");
    break_room(n, "a");
    n.run();
    report(n, {ann});
    const auto back = n.make_ticket({"a"}, cursor{bridge_node::epoch, seq - 1});
    n.request(back);
    REQUIRE(n.engine.reads.size() == 1);
    CHECK(n.engine.reads[0].up_to == seq);
  }

  TEST_CASE("events that meet a fault are delivered or the members are told of the gap") {
    bridge_node n;
    n.start();
    const auto ann = n.enter({"a"});
    break_room(n, "a");
    n.send(n.at(), engine_stored{n.store("a", "behind the fault")});
    n.run();
    report(n, {ann});
    texts names;
    for (const auto& e : n.fanouts[0]->all<fan_out>())
      names.push_back(e.publication->event().name == "gap" ? "gap" : e.publication->event().data);
    CHECK_FALSE(names.empty());
  }

  TEST_CASE("a member that joins while a room is being counted is not forgotten") {
    bridge_node n(2);
    n.start();
    const auto ann = n.enter({"a"});
    break_room(n, "a");
    n.run();
    const auto bob = n.make_ticket({"a"});
    bob->shard = 1;
    n.enter(bob);
    report(n, {ann}, 0);
    report(n, {}, 1);  // the fanout answered before it heard of the join
    n.publish("a", "x");
    CHECK(n.heard(0).back() == "x");
    REQUIRE_FALSE(n.heard(1).empty());
    CHECK(n.heard(1).back() == "x");
  }

  TEST_CASE("the death of an actor that has a successor already is no news") {
    bridge_node n;
    n.start();
    const auto ann = n.enter({"a"});
    const auto first = n.system.latest_actor_id();
    break_room(n, "a");
    n.run();
    report(n, {ann});
    n.tell(n.at(), channel_died{ann->answer.channels[0].id, first});
    CHECK(n.fanouts[0]->all<recount>().empty());
    CHECK(present(n, "a") == 1);
  }

  TEST_CASE("the end of a channel is no fault") {
    bridge_node n;
    n.start();
    const auto ann = n.enter({"a"});
    n.leaves(ann);
    CHECK(n.fanouts[0]->all<recount>().empty());
  }
}

}  // namespace starling::actors::test
