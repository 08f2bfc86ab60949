#include <stdexcept>

#include "actors/room/user_control.hpp"
#include "tests/actors/bridge_fixture.hpp"

namespace starling::actors::test {

namespace {

/// The room's next handler throws.
void break_room(bridge_node& n, const std::string& room) {
  n.send(n.node.bridge,
         presence_query{room_of(room), [](auto) { throw std::runtime_error("a fault"); }});
}

/// Answers a recount like a fanout whose members those tickets are.
void report(bridge_node& n, const std::vector<ticket_ptr>& members, unsigned shard = 0) {
  auto& asked = n.fanouts[shard]->all<recount>();
  REQUIRE(asked.size() == 1);
  members_report out{shard, {}, {}};
  for (const auto& ticket : members) {
    out.members.push_back(ticket->session);
    out.connections.push_back(ticket->connection);
  }
  n.tell(asked[0].to, std::move(out));
  asked.clear();
}

std::size_t present(bridge_node& n, const std::string& room) {
  std::size_t count = 0;
  n.tell(n.node.bridge, presence_query{room_of(room), [&](auto users) { count = users.size(); }});
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
    // The bridge names a rebuilt actor to the fanouts: that is how a test gets hold of it.
    n.tell(n.node.bridge, feed_died{first->channels[0].feed, {}});
    const auto asked = std::exchange(n.fanouts[0]->all<recount>(), {});
    asked.back().to.stop();
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
    n.tell(n.node.bridge, feed_died{first->channels[0].feed, {}});
    const auto user = std::exchange(n.fanouts[0]->all<recount>(), {}).back().to;
    n.engine.controls.clear();

    const auto newcomer = n.make_opening("ann", {"a"});
    newcomer->request = 9;
    n.request(newcomer);  // waits for room a
    user.stop();
    n.fence_back();  // asks the user, who is dead
    n.run();
    REQUIRE(n.client->all<refused>().size() == 1);
    CHECK(n.client->all<refused>()[0].request == 9);
    CHECK(n.client->all<refused>()[0].why.reconnect);
    CHECK_FALSE(n.engine.follows(room_of("a")));
    CHECK_FALSE(n.is_joined(newcomer));
    report(n, {first});
    const auto said = decode_user_control(n.engine.controls.at(0).second).value();
    CHECK(said.closed == std::vector{newcomer->session->id});

    n.enter(n.make_opening("ann"));
  }

  TEST_CASE("a user that dies before its only session was admitted leaves nothing behind") {
    bridge_node n;
    n.start();
    const auto ticket = n.make_opening("ann");
    n.request(ticket);
    const auto fence = take_oldest(n.engine.appends).what;
    n.send(n.node.bridge, engine_stored{{++n.end_of_store, 0, fence}});
    n.send(n.node.bridge, feed_died{ticket->channels[0].feed, {}});
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
    CHECK(n.engine.reads[0].through == seq);
  }

  TEST_CASE("events that meet a fault are delivered or the members are told of the gap") {
    bridge_node n;
    n.start();
    const auto ann = n.enter({"a"});
    break_room(n, "a");
    n.send(n.node.bridge, engine_stored{n.store("a", "behind the fault")});
    n.run();
    report(n, {ann});
    texts names;
    for (const auto& e : n.fanouts[0]->all<fan_out>())
      names.push_back(e.what->what().name == "gap" ? "gap" : e.what->what().data);
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

  TEST_CASE("the end of a channel is no fault") {
    bridge_node n;
    n.start();
    const auto ann = n.enter({"a"});
    n.leaves(ann);
    CHECK(n.fanouts[0]->all<recount>().empty());
  }
}

}  // namespace starling::actors::test
