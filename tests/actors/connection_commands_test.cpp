#include "tests/actors/connection_fixture.hpp"

namespace starling::actors::test {

using kind = net::ws_command::type;

TEST_SUITE("actors/connection commands") {
  TEST_CASE("subscribe joins and is acknowledged with its position") {
    client_node n;
    const auto c = n.open("ann");
    n.subscribe(c, {"a", "b"}, "\"r\"");
    const auto join = n.last_join();
    CHECK(join->channels.size() == 2);
    CHECK(c.line->said().size() == 1);
    n.let_in(join);
    const auto ack = c.line->said().back();
    CHECK(wire::field(ack, "type") == "ack");
    CHECK(wire::field(ack, "ref") == "r");
    CHECK(wire::field(ack, "position") == cursor{7, 100}.str());
    n.publish("b", "x");
    CHECK(c.events() == texts{"x"});
  }

  TEST_CASE("while a subscribe is answered events wait, and the replay goes first") {
    client_node n;
    const auto c = n.open("ann", {"b"});
    n.subscribe(c, {"a"}, "1", cursor{7, 50}.str());
    const auto join = n.last_join();
    CHECK(join->resume == cursor{7, 50});
    n.publish("b", "live");
    join->replay = some_events("a", 2, 60);
    n.let_in(join);
    CHECK(c.events() == texts{"r1", "r2", "live"});
  }

  TEST_CASE("a room the session is in is asked for its past, not joined again") {
    client_node n;
    const auto c = n.open("ann", {"a", "b"});
    n.publish("a", "had");
    n.subscribe(c, {"a"}, "1", cursor{7, 50}.str());
    const auto join = n.last_join();
    REQUIRE(join->channels.size() == 1);
    CHECK(join->channels[0].again);
    CHECK(join->resume == cursor{7, 50});
    n.publish("a", "meanwhile");
    n.publish("b", "other");
    join->replay = {make_publication("a", 101, "had"), make_publication("a", 102, "meanwhile")};
    n.let_in(join);
    n.publish("a", "after");
    // What waited for the answer comes once: in its place in the past.
    CHECK(c.events() == texts{"had", "had", "meanwhile", "other", "after"});
    CHECK(c.line->last_with("\"ref\":1").find("\"replayed\":2") != std::string::npos);
    n.unsubscribe(c, {"a"});
    n.publish("a", "gone");
    CHECK(c.events().back() == "after");
  }

  TEST_CASE("the past of a room that is left meanwhile is not shown") {
    client_node n;
    const auto c = n.open("ann", {"a"});
    n.subscribe(c, {"a"}, "1", cursor{7, 50}.str());
    const auto join = n.last_join();
    n.unsubscribe(c, {"a"}, "2");
    join->replay = some_events("a", 2, 60);
    n.let_in(join);
    CHECK(c.events().empty());
    n.subscribe(c, {"a"}, "3");
    n.let_in(n.last_join());
    n.publish("a", "x");
    CHECK(c.events() == texts{"x"});
  }

  TEST_CASE("a member by the roster alone is not shown what was before its membership") {
    client_node n;
    auto identity = make_identity("ann");
    identity->rooms = {"own"};
    const auto c = n.begin(identity);
    c.ticket->channels.push_back({std::make_shared<channel>(room_of("a")), 70, true});
    n.let_in(c.ticket);
    n.subscribe(c, {"a", "own"}, "1", cursor{7, 50}.str());
    const auto join = n.last_join();
    REQUIRE(join->channels.size() == 2);
    CHECK(join->channels[0].since == 70);
    CHECK(join->channels[1].since == 0);
  }

  TEST_CASE("who asks for the past of many rooms again and again has to wait for the answers") {
    client_node n;
    n.node.options.sessions.max_rooms = 4;
    const texts rooms{"a", "b", "c", "d"};
    const auto c = n.open("ann", rooms);
    const auto from = cursor{7, 50}.str();
    n.subscribe(c, rooms, "1", from);
    n.subscribe(c, rooms, "2", from);
    n.subscribe(c, {"a"}, "3", from);
    CHECK(n.bridge->all<join>().size() == 2);
    const auto refused = c.line->last_with("\"ref\":3");
    CHECK(refused.find("rate_limited") != std::string::npos);
    n.let_all_in();
    n.subscribe(c, {"a"}, "4", from);
    CHECK(n.bridge->all<join>().size() == 1);
  }

  TEST_CASE("leaving many rooms at once leaves each other member where it belongs") {
    client_node n;
    texts rooms, left, kept;
    for (int i = 0; i < 60; ++i) rooms.push_back("r" + std::to_string(i));
    for (int i = 0; i < 60; ++i)
      (i % 3 == 0 ? kept : left).push_back(rooms[static_cast<std::size_t>(i)]);
    const auto ann = n.open("ann", rooms);
    const auto bob = n.open("bob", rooms);
    const auto eve = n.open("eve", rooms);
    n.unsubscribe(ann, left);
    n.unsubscribe(bob, {"r0"});
    n.closed(eve);
    for (const auto& room : rooms) n.publish(room, room);
    CHECK(ann.events() == kept);
    CHECK(bob.events() == texts(rooms.begin() + 1, rooms.end()));
  }

  TEST_CASE("a room that is asked for twice is joined once") {
    client_node n;
    const auto c = n.open("ann", {"b"});
    n.subscribe(c, {"a", "b"}, "1");
    n.subscribe(c, {"a"}, "2");
    n.let_all_in();
    n.publish("a", "x");
    n.publish("b", "y");
    CHECK(c.events() == texts{"x", "y"});
    CHECK_FALSE(c.line->last_with("\"ref\":2").empty());
    n.unsubscribe(c, {"a"});
    n.publish("a", "z");
    CHECK(c.events() == texts{"x", "y"});
  }

  TEST_CASE("a room the token does not allow is refused by name, and nothing is joined") {
    client_node n;
    auto identity = make_identity("ann");
    identity->rooms = {"a"};
    const auto c = n.begin(identity);
    n.let_in(c.ticket);
    n.subscribe(c, {"a", "b"}, "5");
    CHECK(n.bridge->all<join>().empty());
    const auto no = c.line->said().back();
    CHECK(wire::field(no, "type") == "error");
    CHECK(wire::field(no, "code") == "forbidden");
    CHECK(no.find(R"(\"b\")") != std::string::npos);
  }

  TEST_CASE("a subscribe that is refused is an error, and events flow on") {
    client_node n;
    const auto c = n.open("ann", {"b"});
    n.subscribe(c, {"a"}, "5");
    n.publish("b", "x");
    n.tell(c.address,
           refused{n.last_join()->request, net::make_goodbye(close_code::overload, {}, {})});
    CHECK_FALSE(c.line->last_with("\"error\"").empty());
    CHECK(c.events() == texts{"x"});
    CHECK_FALSE(c.line->closing.has_value());
  }

  TEST_CASE("unsubscribe leaves at once and is acknowledged") {
    client_node n;
    const auto c = n.open("ann", {"a", "b"});
    n.unsubscribe(c, {"a", "unknown"}, "3");
    CHECK(wire::field(c.line->said().back(), "type") == "ack");
    n.publish("a", "x");
    n.publish("b", "y");
    CHECK(c.events() == texts{"y"});
  }

  TEST_CASE("unsubscribe while the room is being joined is not forgotten") {
    client_node n;
    const auto c = n.open("ann");
    n.subscribe(c, {"a"}, "1");
    n.unsubscribe(c, {"a"}, "2");
    n.let_all_in();
    n.publish("a", "x");
    CHECK(c.events().empty());
    CHECK_FALSE(c.line->last_with("\"ref\":1").empty());
    CHECK_FALSE(c.line->last_with("\"ref\":2").empty());
  }

  TEST_CASE("unsubscribe and subscribe in one breath end in the room") {
    client_node n;
    const auto c = n.open("ann", {"a"});
    net::ws_command command;
    command.rooms = {"a"};
    for (const auto verb : {kind::unsubscribe, kind::subscribe}) {
      command.action = verb;
      c.line->observer->on_command(command);
    }
    n.run();
    n.let_all_in();
    n.publish("a", "x");
    CHECK(c.events() == texts{"x"});
  }

  TEST_CASE("a room that a renewed token forbids is left when its join is done") {
    client_node n;
    const auto c = n.open("ann");
    n.subscribe(c, {"a"});
    auto fewer = make_identity("ann");
    fewer->rooms = {"b"};
    CHECK(c.actor->renew(fewer).ok());
    n.let_all_in();
    n.publish("a", "x");
    CHECK(c.events().empty());
  }

  TEST_CASE("publish goes to the publisher and comes back as ack or error") {
    client_node n;
    const auto c = n.open("ann");
    net::ws_command command;
    command.action = kind::publish;
    command.ref_json = "9";
    command.item = net::publish_item{};
    n.command(c, command);
    REQUIRE(n.publisher->all<publish_request>().size() == 1);
    const auto& request = n.publisher->all<publish_request>()[0];
    CHECK(request.source == event_source::ws);
    CHECK(request.caller->user == user_id{"ann"});
    request.done({net::published{"e1", {7, 5}}});
    n.run();
    CHECK(wire::field(c.line->said().back(), "type") == "ack");
    CHECK(wire::field(c.line->said().back(), "id") == "e1");
    request.done({error{errc::forbidden, "no"}});
    n.run();
    CHECK(wire::field(c.line->said().back(), "code") == "forbidden");
  }

  TEST_CASE("presence is set for the session, a state that is none is refused") {
    client_node n;
    const auto c = n.open("ann");
    net::ws_command command;
    command.action = kind::presence;
    command.state = "away";
    n.command(c, command);
    CHECK(c.session->state == presence_state::away);
    CHECK(wire::field(c.line->said().back(), "type") == "ack");
    command.state = "asleep";
    n.command(c, command);
    CHECK(c.session->state == presence_state::away);
    CHECK(wire::field(c.line->said().back(), "code") == "malformed");
  }

  TEST_CASE("auth takes a token that verifies and is the same user's") {
    client_node n;
    n.node.verify_token = [](std::string_view token) -> result<net::identity_ptr> {
      if (token.empty()) return error{errc::unauthorized, "no token"};
      return net::identity_ptr(make_identity(std::string(token)));
    };
    const auto c = n.open("ann");
    net::ws_command command;
    command.action = kind::auth;
    for (const auto& [token, answer] : std::map<std::string, std::string>{
             {"ann", ""}, {"bob", "forbidden"}, {"", "unauthorized"}}) {
      command.token = token;
      n.command(c, command);
      CHECK(wire::field(c.line->said().back(), "code") == answer);
    }
  }

  TEST_CASE("ping is answered, and nothing is after goodbye") {
    client_node n;
    const auto c = n.open("ann");
    net::ws_command ping;
    ping.ref_json = "1";
    n.command(c, ping);
    CHECK(wire::field(c.line->said().back(), "type") == "pong");
    n.tell(c.address, close_session{close_code::kicked, std::nullopt, std::nullopt});
    n.command(c, ping);
    CHECK(wire::field(c.line->said().back(), "type") == "goodbye");
  }
}

}  // namespace starling::actors::test
