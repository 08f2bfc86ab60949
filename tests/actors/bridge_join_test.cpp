#include "actors/bridge/chores.hpp"
#include "cluster/foreign_messages.hpp"
#include "tests/actors/bridge_fixture.hpp"

namespace starling::actors::test {

TEST_SUITE("actors/bridge join") {
  TEST_CASE("a join to a channel that is not live waits for its fence and begins at it") {
    bridge_node n;
    n.start();
    const auto ticket = n.make_ticket({"a"});
    n.request(ticket);
    CHECK(n.engine.follows(room_of("a")));
    CHECK_FALSE(n.is_joined(ticket));

    n.arrives(n.store("a"));  // before the fence: may be one of several that did not arrive
    CHECK(n.heard().empty());
    const auto fence = n.fence_back();
    REQUIRE(n.is_joined(ticket));
    CHECK(ticket->answer.position == cursor{bridge_node::epoch, fence});
    CHECK(ticket->answer.channels[0].id != 0);
    n.publish("a", "after");
    CHECK(n.heard() == texts{"after"});
  }

  TEST_CASE("a join to live channels needs no fence and begins where the node stands") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    const auto seq = n.publish("a");
    const auto second = n.make_ticket({"a"});
    n.request(second);
    CHECK(n.engine.appends.empty());
    REQUIRE(n.is_joined(second));
    CHECK(second->answer.position.seq == seq);
  }

  TEST_CASE("events wait for a bite of a join of many rooms, not for all of it") {
    bridge_node n;
    n.start();
    texts rooms{"a"};
    for (std::size_t i = 0; i < 3 * chores::bite; ++i) rooms.push_back("r" + std::to_string(i));
    n.enter(rooms);
    const auto second = n.make_ticket(rooms);
    n.send(n.at(), join(*second));
    n.arrives(n.store("a", "between"));
    REQUIRE(n.is_joined(second));
    CHECK(n.heard() == texts{"between"});
    // It is a member from behind that event on.
    CHECK(second->answer.position.seq == n.end_of_store);
    CHECK(second->answer.channels.size() == rooms.size());
  }

  TEST_CASE("who leaves many rooms has left them before what it asks for next") {
    bridge_node n;
    n.start();
    texts rooms;
    for (std::size_t i = 0; i < 3 * chores::bite; ++i) rooms.push_back("r" + std::to_string(i));
    const auto first = n.enter(rooms);
    left all{first->session, first->shard, {}, false};
    for (const auto& each : first->answer.channels) all.channels.push_back(each.id);
    n.send(n.at(), std::move(all));
    const auto again = n.make_ticket({"r0"});
    n.request(again);
    n.fence_back();
    REQUIRE(n.is_joined(again));
    CHECK(again->answer.channels[0].id != first->answer.channels[0].id);
    CHECK(n.node.rooms == 1);
    CHECK(n.engine.followed.size() == 2);  // with the fences
  }

  TEST_CASE("a join that is half done when the engine goes away is refused and reserves nothing") {
    bridge_node n;
    n.start();
    texts rooms;
    for (std::size_t i = 0; i < 3 * chores::bite; ++i) rooms.push_back("r" + std::to_string(i));
    const auto ticket = n.make_ticket(rooms);
    n.send(n.at(), join(*ticket));
    n.disconnect();
    CHECK_FALSE(n.is_joined(ticket));
    CHECK(n.client->all<refused>().size() == 1);
    CHECK(n.node.rooms == 0);
  }

  TEST_CASE("joins that come while a fence is under way share the next one") {
    bridge_node n;
    n.start();
    const auto first = n.make_ticket({"a"});
    n.request(first);
    const auto second = n.make_ticket({"b"});
    const auto third = n.make_ticket({"c"});
    n.request(second);
    n.request(third);
    CHECK(n.engine.appends.size() == 1);
    n.fence_back();
    CHECK(n.is_joined(first));
    CHECK_FALSE(n.is_joined(second));
    const auto fence = n.fence_back();
    REQUIRE(n.is_joined(second));
    REQUIRE(n.is_joined(third));
    CHECK(second->answer.position.seq == fence);
    CHECK(third->answer.position.seq == fence);
    CHECK(n.engine.appends.empty());
  }

  TEST_CASE("two joins to the same new room in one fence are in the same channel") {
    bridge_node n;
    n.start();
    const auto first = n.make_ticket({"a"});
    const auto second = n.make_ticket({"a"});
    n.send(n.at(), join(*first));
    n.send(n.at(), join(*second));
    n.run();
    n.fence_back();
    REQUIRE(n.is_joined(first));
    REQUIRE(n.is_joined(second));
    CHECK(first->answer.channels[0].id == second->answer.channels[0].id);
    CHECK(n.node.rooms == 1);
  }

  TEST_CASE("a join is refused while the engine is not ready") {
    bridge_node n;
    const auto early = n.make_ticket({"a"});
    early->request = 4;
    n.request(early);
    REQUIRE(n.client->all<refused>().size() == 1);
    CHECK(n.client->all<refused>()[0].request == 4);
    CHECK(n.client->all<refused>()[0].why.code == close_code::overload);
    CHECK(n.client->all<refused>()[0].why.reconnect);
    CHECK(n.engine.followed.empty());
  }

  TEST_CASE("an outage refuses those who wait for a fence and lets their channels go") {
    bridge_node n;
    n.start();
    n.request(n.make_ticket({"a"}));
    n.disconnect();
    CHECK(n.client->all<refused>().size() == 1);
    CHECK_FALSE(n.engine.follows(room_of("a")));
    CHECK(n.node.rooms == 0);
    CHECK_FALSE(n.node.engine_ready());
  }

  TEST_CASE("a fence that cannot be stored refuses those who wait; the next join tries again") {
    bridge_node n;
    n.start();
    const auto unlucky = n.make_ticket({"a"});
    n.request(unlucky);
    n.fence_fails();
    REQUIRE(n.client->all<refused>().size() == 1);
    CHECK(n.client->all<refused>()[0].why.reason == "no quorum");
    CHECK_FALSE(n.engine.follows(room_of("a")));

    const auto lucky = n.make_ticket({"a"});
    n.request(lucky);
    n.fence_back();
    CHECK(n.is_joined(lucky));
  }

  TEST_CASE("the last member's leaving ends the channel, and not before") {
    bridge_node n;
    n.start();
    const auto first = n.enter({"a"});
    const auto second = n.enter({"a"});
    n.leaves(first);
    CHECK(n.engine.follows(room_of("a")));
    n.publish("a", "still");
    CHECK(n.heard() == texts{"still"});
    n.leaves(second);
    CHECK_FALSE(n.engine.follows(room_of("a")));
    CHECK(n.node.rooms == 0);
    n.publish("a", "nobody");
    CHECK(n.heard() == texts{"still"});
  }

  TEST_CASE("a room that is entered again after its end has another id") {
    bridge_node n;
    n.start();
    const auto first = n.enter({"a"});
    n.leaves(first);
    const auto second = n.enter({"a"});
    CHECK(first->answer.channels[0].id != second->answer.channels[0].id);
    n.leaves(first);  // late, for the channel that is gone
    n.publish("a", "x");
    CHECK(n.heard() == texts{"x"});
  }

  TEST_CASE("a channel that lost its last member while another join waits for it stays") {
    bridge_node n;
    n.start();
    const auto first = n.enter({"a"});
    const auto waits = n.make_ticket({"a", "b"});
    n.request(waits);
    n.leaves(first);
    CHECK(n.engine.follows(room_of("a")));
    n.fence_back();
    CHECK(n.is_joined(waits));
    n.publish("a", "x");
    CHECK(n.heard() == texts{"x"});
  }

  TEST_CASE("an opening join is asked about at the user first") {
    bridge_node n;
    n.start();
    const auto ticket = n.make_opening("ann", {"a"});
    n.enter(ticket);
    CHECK(n.node.users == 1);
    CHECK(n.engine.follows(user_channel(acme, "ann")));
    n.leaves(ticket);
    CHECK(n.node.users == 0);
    CHECK(n.engine.followed.size() == 1);  // its own fences
  }

  TEST_CASE("a session turned away by its user leaves no channel behind") {
    bridge_node n;
    n.node.options.sessions = {1, true};
    n.start();
    n.enter(n.make_opening("ann", {"a"}));
    const auto extra = n.make_opening("ann", {"a", "b"});
    n.request(extra);
    n.fence_back();
    CHECK_FALSE(n.is_joined(extra));
    REQUIRE(n.client->all<refused>().size() == 1);
    CHECK(n.client->all<refused>()[0].why.code == close_code::session_limit);
    CHECK(n.engine.follows(room_of("a")));
    CHECK_FALSE(n.engine.follows(room_of("b")));
    n.tell(n.at(), roster_changed{acme, user_id{"ann"}, "c", true, 5});
    CHECK(n.client->all<roster_changed>().size() == 1);  // of the session that is there
  }

  TEST_CASE("a control message on a room's subject, which no node sends, reaches no actor") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    const auto before = cluster::refused(cluster::refusal::wrong_channel);
    n.tell(n.at(), engine_control{room_of("a"), "from n2"});
    CHECK(cluster::refused(cluster::refusal::wrong_channel) == before + 1);
  }

  TEST_CASE("the rooms of a node are listed with their members") {
    bridge_node n;
    n.start();
    n.enter({"a", "b"});
    n.enter({"a"});
    std::map<std::string, std::uint64_t> members;
    n.tell(n.at(), channels_query{channel_kind::room, {}, {}, [&](auto rooms) {
                                    for (const auto& r : rooms) members[r.room] = r.members;
                                  }});
    CHECK(members == std::map<std::string, std::uint64_t>{{"a", 2}, {"b", 1}});
  }
}

}  // namespace starling::actors::test
