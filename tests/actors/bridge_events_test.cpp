/// Which shards, actors and sessions hear of what a bridge is told. (Their order: sequencer_test.)
#include "tests/actors/bridge_fixture.hpp"

namespace starling::actors::test {

namespace {

ticket_ptr enter_at(bridge_node& n, const std::string& room, unsigned shard) {
  const auto ticket = n.make_ticket({room});
  ticket->shard = shard;
  return n.enter(ticket);
}

/// Rooms of the changes that clients were told; all of a node's clients share a journal.
texts changes_told(bridge_node& n) {
  texts out;
  for (const auto& each : n.client->all<roster_changed>()) out.push_back(each.room);
  return out;
}

void change(bridge_node& n, const std::string& user, const std::string& room) {
  n.tell(n.at(), roster_changed{acme, user_id{user}, room, true, 5});
}

}  // namespace

TEST_SUITE("actors/bridge events") {
  TEST_CASE("an event goes once to each shard that has members, and to no other") {
    bridge_node n(3);
    n.start();
    std::vector<ticket_ptr> members;
    for (const unsigned shard : {0u, 2u, 2u}) members.push_back(enter_at(n, "a", shard));
    n.publish("a", "x");
    CHECK(n.heard(0) == texts{"x"});
    CHECK(n.heard(1).empty());
    CHECK(n.heard(2) == texts{"x"});
    CHECK(n.fanouts[2]->all<fan_out>()[0].channel == members[0]->answer.channels[0].id);
    n.leaves(members[0]);
    n.leaves(members[1]);
    n.publish("a", "y");
    CHECK(n.heard(0) == texts{"x"});
    CHECK(n.heard(2) == texts{"x", "y"});
  }

  TEST_CASE("members hear of a loss by the name of the room, before what is left of it") {
    bridge_node n(2);
    n.start();
    n.enter({"a", "b"});
    n.publish("b", "b1");
    const auto before = n.end_of_store;
    n.store("a", "dropped");
    const auto kept = n.store("a", "kept");
    n.publish("a", "x");
    auto page = page_of({kept});
    page.dropped = true;
    n.answer_read(std::move(page));
    const auto& told = n.fanouts[0]->all<fan_out>();
    REQUIRE(told.size() == 4);
    const auto& notice = *told[1].publication;
    CHECK(notice.event().name == "gap");
    CHECK(notice.event().data == R"({"reason":"expired","room":"a"})");
    CHECK(notice.at().seq == before);
    CHECK_FALSE(notice.stored());
    const auto& on_the_wire = notice.frame_for(net::wire_format::ws_json);
    CHECK_FALSE(on_the_wire.is_event());
    CHECK(on_the_wire.body().find(R"({"type":"gap","reason":"expired")") != std::string_view::npos);
    CHECK(n.heard()[2] == "kept");
    CHECK(n.heard()[3] == "x");
    CHECK(n.heard(1).empty());
    CHECK(n.metrics.gaps[1].get() == 1);
  }

  TEST_CASE("an ephemeral event goes to the shards and is not replayed") {
    bridge_node n;
    n.start();
    n.enter({"a"});
    const auto seq = n.publish("a", "stored");
    n.say("a", "typing");
    REQUIRE(n.heard() == texts{"stored", "typing"});
    const auto& typing = *n.fanouts[0]->all<fan_out>()[1].publication;
    CHECK(typing.at() == cursor{bridge_node::epoch, seq});
    CHECK_FALSE(typing.stored());
    const auto back = n.make_ticket({"a"}, cursor{bridge_node::epoch, seq - 1});
    n.request(back);
    REQUIRE(back->complete);
    CHECK(data_of(back->replay) == texts{"stored"});
  }

  TEST_CASE("the store began anew: this partition's sessions are sent away, and it goes on") {
    bridge_node n(2);
    n.start();
    n.enter({"a"});
    n.publish("a", "old");
    n.disconnect();
    CHECK_FALSE(n.node.engine_ready());
    n.connect(0, 8);
    n.fence_back();
    while (!n.engine.reads.empty()) n.answer_read(page_of({}));
    for (const auto& shard : n.fanouts) {
      REQUIRE(shard->all<drain>().size() == 1);
      CHECK(shard->all<drain>()[0].code == close_code::draining);
      CHECK(shard->all<drain>()[0].partition == cluster::partition_id{0});
    }
    CHECK(n.node.partitions[0].epoch == 8);
    CHECK(n.node.engine_ready());
    CHECK(n.metrics.gaps[1].get() == 1);
    n.latest.clear();
    const auto seq = n.publish("a", "new");
    CHECK(n.heard() == texts{"old", "new"});
    CHECK(n.fanouts[0]->all<fan_out>().back().publication->at() == cursor{8, seq});
    // The room's memory is of the new life, too.
    const auto back = n.make_ticket({"a"}, cursor{8, seq - 1});
    n.request(back);
    REQUIRE(back->complete);
    CHECK(data_of(back->replay) == texts{"new"});
  }

  TEST_CASE("where the node stands is shown") {
    bridge_node n;
    CHECK_FALSE(n.node.engine_ready());
    n.start();
    CHECK(n.node.engine_ready());
    CHECK(n.node.here(acme) == cursor{bridge_node::epoch, 100});
    n.enter({"a"});
    const auto seq = n.publish("a");
    CHECK(n.node.here(acme).seq == seq);
  }

  TEST_CASE("sessions are told of their user's new rooms, while they wait and when they are in") {
    bridge_node n;
    n.start();
    const auto waiting = n.make_opening("ann");
    n.request(waiting);
    change(n, "ann", "a");
    CHECK(changes_told(n) == texts{"a"});
    n.fence_back();
    REQUIRE(n.is_joined(waiting));
    change(n, "ann", "b");
    CHECK(changes_told(n) == texts{"a", "b"});
  }

  TEST_CASE("a session that waits to be admitted is told of its user's new rooms") {
    bridge_node n;
    n.node.clustered = true;
    n.node.options.sessions = {2, true};  // other nodes are asked first
    n.start();
    const auto ticket = n.make_opening("ann");
    n.request(ticket);
    const auto fence = take_oldest(n.engine.appends).event;
    n.send(n.at(), engine_stored{{++n.end_of_store, 0, fence}});
    n.send(n.at(), roster_changed{acme, user_id{"ann"}, "a", true, 5});
    n.run();
    // By the bridge, and it may be by the user as well, which has it on its list already.
    CHECK_FALSE(changes_told(n).empty());
  }

  TEST_CASE("of several sessions on their way in those that still are get told, each once") {
    bridge_node n;
    n.start();
    const auto ann = n.make_opening("ann"), again = n.make_opening("ann");
    for (const auto& each : {ann, again, n.make_opening("bob")})
      n.request(each);  // for their fence
    change(n, "ann", "a");
    CHECK(changes_told(n) == texts{"a", "a"});
    n.disconnect();
    REQUIRE(n.client->all<refused>().size() == 3);
    change(n, "ann", "b");
    CHECK(changes_told(n) == texts{"a", "a"});
  }

  TEST_CASE("sessions of other users and of those who left are not told") {
    bridge_node n;
    n.start();
    n.enter(n.make_opening("bob"));
    const auto gone = n.enter(n.make_opening("ann"));
    n.leaves(gone);
    change(n, "ann", "a");
    n.tell(n.at(), roster_changed{tenant_id{"other"}, user_id{"bob"}, "a", true, 5});
    CHECK(changes_told(n).empty());
  }

  TEST_CASE("a join for more rooms does not make a session hear of a change twice") {
    bridge_node n;
    n.start();
    n.enter(n.make_opening("ann"));
    n.request(n.make_ticket({"b"}));  // waits for its fence
    change(n, "ann", "a");
    CHECK(changes_told(n) == texts{"a"});
  }
}

}  // namespace starling::actors::test
