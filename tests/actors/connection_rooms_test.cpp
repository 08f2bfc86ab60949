#include "tests/actors/connection_fixture.hpp"

namespace starling::actors::test {

TEST_SUITE("actors/connection roster") {
  TEST_CASE("a change before the stream begins takes effect when it does") {
    client_node n;
    const auto c = n.begin("ann", {"b"});
    c.ticket->channels.back().from_roster = true;
    n.tell(c.address, roster_changed{acme, user_id{"ann"}, "a", true, 77});
    n.tell(c.address, roster_changed{acme, user_id{"ann"}, "b", false, 0});
    CHECK(n.bridge->all<join>().empty());
    n.let_in(c.ticket);
    const auto more = n.last_join();
    CHECK_FALSE(more->opening);
    REQUIRE(more->channels.size() == 1);
    CHECK(*more->channels[0].channel == room_of("a"));
    CHECK(more->channels[0].since == 77);
    n.let_in(more);
    n.publish("a", "x");
    n.publish("b", "y");
    CHECK(c.events() == texts{"x"});
  }

  TEST_CASE("a new member joins live, in all sessions that are told") {
    client_node n;
    const auto first = n.open("ann");
    const auto second = n.open("ann");
    const auto bob = n.open("bob");
    for (const auto& each : {first, second})
      n.tell(each.address, roster_changed{acme, user_id{"ann"}, "a", true, 0});
    REQUIRE(n.bridge->all<join>().size() == 2);
    n.let_all_in();
    n.publish("a", "x");
    CHECK(first.events() == texts{"x"});
    CHECK(second.events() == texts{"x"});
    CHECK(bob.events().empty());
  }

  TEST_CASE("a member that is removed leaves, unless its token names the room") {
    client_node n;
    auto identity = make_identity("ann");
    identity->rooms = {"own"};
    const auto c = n.begin(identity);
    c.ticket->channels.back().from_roster = true;
    c.ticket->channels.push_back({std::make_shared<channel>(room_of("a")), 0, true});
    n.let_in(c.ticket);
    for (const auto* room : {"own", "a"})
      n.tell(c.address, roster_changed{acme, user_id{"ann"}, room, false, 0});
    n.publish("own", "x");
    n.publish("a", "y");
    CHECK(c.events() == texts{"x"});
  }

  TEST_CASE("a new member gets everything since its membership began") {
    client_node n;
    n.node.partitions[0].epoch = 7;
    const auto c = n.open("ann", {"b"});
    n.publish("b", "x");
    n.tell(c.address, roster_changed{acme, user_id{"ann"}, "a", true, 60});
    const auto join = n.last_join();
    CHECK(join->resume == cursor{7, 60});
    CHECK(join->channels[0].since == 60);
    auto answer = n.answer_to(*join);
    answer.parts.push_back({n.id_of(room_of("a")), 60});
    n.tell(n.node.fanouts[0], std::move(answer));
    n.publish("a", "live");
    CHECK(c.events() == texts{"x"});
    CHECK_FALSE(c.line->closing.has_value());
    n.tell(c.address, n.part_of(*join, "a", some_events("a", 2, 60)));
    CHECK(c.events() == texts{"x", "r1", "r2", "live"});
    // The past of one room does not move the position in all of them back.
    CHECK(wire::field(c.line->last_with("r2"), "id") == cursor{7, 101}.str());
  }

  TEST_CASE("a new member is told when its past is lost") {
    client_node n;
    const auto c = n.open("ann");
    n.tell(c.address, roster_changed{acme, user_id{"ann"}, "a", true, 60});
    const auto join = n.last_join();
    add_loss(join->lost, "a", "expired");
    n.let_in(join);
    CHECK(c.line->last_with("gap").find(R"("reason":"expired","room":"a")") != std::string::npos);
  }

  TEST_CASE("a membership that ends while its join is under way does not stay") {
    client_node n;
    const auto c = n.open("ann");
    n.tell(c.address, roster_changed{acme, user_id{"ann"}, "a", true, 0});
    n.tell(c.address, roster_changed{acme, user_id{"ann"}, "a", false, 0});
    n.let_all_in();
    n.publish("a", "secret");
    CHECK(c.events().empty());
  }

  TEST_CASE("a membership that ends and begins again at once stays") {
    client_node n;
    const auto c = n.open("ann");
    n.tell(c.address, roster_changed{acme, user_id{"ann"}, "a", true, 0});
    n.let_all_in();
    n.send(c.address, roster_changed{acme, user_id{"ann"}, "a", false, 0});
    n.send(c.address, roster_changed{acme, user_id{"ann"}, "a", true, 0});
    n.run();
    n.let_all_in();
    n.publish("a", "x");
    CHECK(c.events() == texts{"x"});
  }

  TEST_CASE("a member whose join is refused is sent away to come back, not left deaf") {
    client_node n;
    const auto c = n.open("ann");
    n.tell(c.address, roster_changed{acme, user_id{"ann"}, "a", true, 0});
    const auto join = n.last_join();
    n.tell(c.address, refused{join->request, net::make_goodbye(close_code::overload, {}, {})});
    CHECK(c.line->closing == close_code::overload);
  }
}

}  // namespace starling::actors::test
