#include "tests/actors/connection_fixture.hpp"

namespace starling::actors::test {

using kind = net::ws_command::type;

TEST_SUITE("actors/connection begin") {
  TEST_CASE("a session asks for its user, its tenant, its token's rooms and those in the request") {
    client_node n;
    auto who = make_identity("ann");
    who->rooms = {"own", "team-*"};
    net::stream_request request;
    request.rooms = {"team-x"};
    const auto c = n.begin(who, std::move(request));
    REQUIRE(c.ticket != nullptr);
    std::vector<channel> wanted;
    for (const auto& w : c.ticket->channels) wanted.push_back(*w.where);
    CHECK(wanted == std::vector{user_channel(acme, "ann"), tenant_channel(acme), room_of("own"),
                                room_of("team-x")});
    CHECK(c.ticket->opening);
    CHECK_FALSE(c.ticket->resume.has_value());
  }

  TEST_CASE("the first thing a client hears is connected, with its rooms and position") {
    client_node n;
    const auto c = n.open("ann", {"a", "b"});
    REQUIRE(c.line->said().size() == 1);
    const auto hello = c.line->said()[0];
    CHECK(wire::field(hello, "type") == "connected");
    CHECK(wire::field(hello, "client_id") == c.session->id.str());
    CHECK(wire::field(hello, "user") == "ann");
    CHECK(wire::field(hello, "node") == "n1");
    CHECK(wire::field(hello, "position") == cursor{7, 100}.str());
    CHECK(hello.find(R"("rooms":["a","b"])") != std::string::npos);
    CHECK(n.loop.metrics().sessions[1].get() == 1);
    CHECK(n.node.sessions == 1);
  }

  TEST_CASE("the position of connected is not ahead of the replay behind it") {
    client_node n;
    const auto c = n.begin("ann", {"a"});
    c.ticket->replay = some_events("a", 2, 40);
    n.let_in(c.ticket);
    CHECK(wire::field(c.line->said()[0], "position") == cursor{7, 40}.str());
    CHECK(c.line->said()[0].find("\"replayed\":2") != std::string::npos);
    CHECK(c.events() == texts{"r1", "r2"});
  }

  TEST_CASE("a cursor goes with the join, one that is not ours is told as a loss") {
    client_node n;
    net::stream_request request;
    request.last_event_id = cursor{7, 42}.str();
    CHECK(n.begin(make_identity("ann"), std::move(request)).ticket->resume == cursor{7, 42});

    net::stream_request bad;
    bad.last_event_id = "17";
    const auto c = n.begin(make_identity("ann"), std::move(bad));
    CHECK_FALSE(c.ticket->resume.has_value());
    REQUIRE(c.ticket->lost.size() == 1);
    CHECK(c.ticket->lost[0].room == "*");
    CHECK(c.ticket->lost[0].reason == "bad_cursor");
  }

  TEST_CASE("since=last asks the store where the user's last session ended") {
    client_node n;
    net::stream_request request;
    request.since_last = true;
    n.begin(make_identity("ann"), request);
    CHECK(n.roster->all<join>().empty());
    take_oldest(n.engine.gets)(std::optional<cursor>(cursor{7, 33}));
    n.run();
    REQUIRE(n.roster->all<join>().size() == 1);
    CHECK(n.roster->all<join>()[0].ticket->resume == cursor{7, 33});

    const auto c = n.begin(make_identity("ann"), request);
    take_oldest(n.engine.gets)(error{errc::unavailable, "no"});
    n.run();
    REQUIRE(c.line->refused.has_value());
    CHECK(c.line->refused->code == close_code::overload);
    CHECK(c.line->refused->reconnect);
  }

  TEST_CASE("events that come while history is read from the store wait for it") {
    client_node n;
    const auto c = n.begin("ann", {"a"});
    c.ticket->missing.push_back({std::make_shared<channel>(room_of("a")), 50, 100});
    n.let_in(c.ticket);
    CHECK_FALSE(c.line->open);
    n.publish("a", "live");
    c.ticket->replay = some_events("a", 2, 60);
    n.tell(c.handle, replay_ready{c.ticket});
    REQUIRE(c.line->open);
    CHECK(c.events() == texts{"r1", "r2", "live"});
  }

  TEST_CASE("events from before the join are not delivered, those after are, in order") {
    client_node n;
    const auto c = n.begin("ann", {"a"});
    n.publish("a", "before");
    n.let_in(c.ticket);
    for (const auto* data : {"x", "y", "z"}) n.publish("a", data);
    n.publish("other", "not mine");
    CHECK(c.events() == texts{"x", "y", "z"});
  }

  TEST_CASE("a refused join is answered and leaves nothing behind") {
    client_node n;
    const auto c = n.begin("ann", {"a"});
    n.tell(c.handle, refused{0, net::make_goodbye(close_code::overload, {}, {})});
    REQUIRE(c.line->refused.has_value());
    CHECK(n.node.sessions == 0);
    CHECK_FALSE(c.actor->alive());
    n.let_in(c.ticket);  // overtaken
    CHECK_FALSE(c.line->open);
    REQUIRE(n.bridge->all<left>().size() == 1);
    CHECK(n.bridge->all<left>()[0].ended);
    CHECK(n.bridge->all<left>()[0].feeds.size() == 3);
  }

  TEST_CASE("a denied room is an error before the stream") {
    client_node n;
    const auto c = n.begin("ann", {"a"});
    n.tell(c.handle, denied{{errc::forbidden, "room"}});
    REQUIRE(c.line->failed.has_value());
    CHECK(c.line->failed->code == errc::forbidden);
    CHECK(n.node.sessions == 0);
  }

  TEST_CASE("a session closed before its stream began is refused with the same words") {
    client_node n;
    const auto c = n.begin("ann", {"a"});
    n.tell(c.handle, close_session{close_code::replaced, std::nullopt, std::nullopt});
    REQUIRE(c.line->refused.has_value());
    CHECK(c.line->refused->code == close_code::replaced);
    CHECK_FALSE(c.line->refused->reconnect);
    CHECK(n.node.sessions == 0);
  }
}

TEST_SUITE("actors/connection events") {
  TEST_CASE("an excluded session does not get the event, the others do") {
    client_node n;
    const auto ann = n.open("ann", {"a"});
    const auto bob = n.open("bob", {"a"});
    auto what = make_event(room_of("a"), "x");
    what.exclude = {ann.session->id};
    n.fan(std::move(what));
    CHECK(ann.events().empty());
    CHECK(bob.events() == texts{"x"});
  }

  TEST_CASE("an event for several rooms reaches a session in the first of its rooms only") {
    client_node n;
    const auto both = n.open("ann", {"a", "b"});
    const auto second_only = n.open("bob", {"b"});
    auto what = make_event(room_of("a"), "x");
    n.fan(what);
    what.where = room_of("b");
    what.earlier_targets = {"a"};
    n.fan(what);
    CHECK(both.events() == texts{"x"});
    CHECK(second_only.events() == texts{"x"});
  }

  TEST_CASE("an event for one session is delivered to that one, if it is there") {
    client_node n;
    const auto ann = n.open("ann", {"a"});
    const auto bob = n.open("bob", {"a"});
    bool there = false;
    const auto what = make_publication("a", 101, "private");
    n.tell(n.node.fanouts[0], deliver_to{bob.session->id, what, [&](bool was) { there = was; }});
    CHECK(there);
    CHECK(ann.events().empty());
    CHECK(bob.events() == texts{"private"});
    n.tell(n.node.fanouts[0],
           deliver_to{session_id::make(1), what, [&](bool was) { there = was; }});
    CHECK_FALSE(there);
  }
}

TEST_SUITE("actors/connection end") {
  TEST_CASE("a peer that goes away leaves all its feeds and is forgotten") {
    client_node n;
    const auto c = n.open("ann", {"a"});
    n.closed(c);
    CHECK_FALSE(c.line->open);
    CHECK(n.node.sessions == 0);
    CHECK(n.loop.metrics().sessions[1].get() == 0);
    CHECK(n.loop.metrics().sessions_closed[static_cast<int>(close_code::client_closed)].get() == 1);
    REQUIRE(n.bridge->all<left>().size() == 1);
    CHECK(n.bridge->all<left>()[0].feeds.size() == 3);
    CHECK(n.bridge->all<left>()[0].ended);
    n.publish("a", "nobody");
    CHECK(c.events().empty());
  }

  TEST_CASE("goodbye is said once and nothing after it") {
    client_node n;
    const auto c = n.open("ann", {"a"});
    n.publish("a", "x");
    for (const auto why : {close_code::kicked, close_code::draining})
      n.tell(c.handle, close_session{why, std::nullopt, std::nullopt});
    n.publish("a", "y");
    CHECK(c.line->closing == close_code::kicked);
    CHECK(c.events() == texts{"x"});
    const auto goodbye = c.line->said().back();
    CHECK(wire::field(goodbye, "type") == "goodbye");
    CHECK(wire::field(goodbye, "code") == "kicked");
    CHECK(wire::field(goodbye, "id") == closing_mark({7, 101}));
    n.closed(c, close_code::kicked);
    CHECK(n.node.sessions == 0);
  }

  TEST_CASE("where a session ended is kept for since=last: what the kernel took, not more") {
    client_node n;
    const auto c = n.open("ann", {"a"});
    n.publish("a", "taken");
    c.line->flush();
    c.line->stuck = true;
    n.publish("a", "queued");
    n.publish("a", "queued too");
    n.closed(c);
    REQUIRE_FALSE(n.engine.saved_positions.empty());
    CHECK(n.engine.saved_positions.back() == cursor{7, 101});
  }

  TEST_CASE("a token that has expired ends the session") {
    client_node n;
    auto who = make_identity("ann");
    who->expires_s = wall_ms() / 1000 - 1;
    const auto c = n.begin(who);
    n.let_in(c.ticket);
    n.loop.timers().advance(steady_clock::now() + std::chrono::seconds(1));
    CHECK(c.line->closing == close_code::token_expired);
  }

  TEST_CASE("a token about to expire is announced once, and renewing it starts over") {
    client_node n;
    auto who = make_identity("ann");
    who->expires_s = wall_ms() / 1000 + 30;
    const auto c = n.begin(who);
    n.let_in(c.ticket);
    const auto announced = [&] {
      std::size_t count = 0;
      for (const auto& text : c.line->said()) count += text.find("token_expiring") != text.npos;
      return count;
    };
    n.loop.timers().advance(steady_clock::now() + std::chrono::seconds(1));
    CHECK(announced() == 1);
    n.loop.timers().advance(steady_clock::now() + std::chrono::seconds(120));
    CHECK(announced() == 1);

    auto fresh = make_identity("ann");
    fresh->expires_s = wall_ms() / 1000 + 40;
    CHECK(c.actor->renew(fresh).ok());
    n.loop.timers().advance(steady_clock::now() + std::chrono::seconds(240));
    CHECK(announced() == 2);
    CHECK_FALSE(c.line->closing.has_value());
  }

  TEST_CASE("a heartbeat carries the cursor") {
    client_node n;
    n.node.options.heartbeat = std::chrono::milliseconds(0);
    const auto c = n.open("ann", {"a"});
    n.publish("a", "x");
    n.loop.timers().advance(steady_clock::now() + std::chrono::seconds(1));
    CHECK(c.line->said().back() == "heartbeat " + cursor{7, 101}.str());
  }

  TEST_CASE("a new token for somebody else is refused; one with fewer rooms leaves them") {
    client_node n;
    const auto c = n.open("ann", {"a", "b"});
    result<void> done;
    const auto renew = [&](const net::identity_ptr& fresh) {
      n.tell(n.node.fanouts[0],
             renew_token{c.session->id, fresh, [&](result<void> r) { done = std::move(r); }});
    };
    renew(make_identity("bob"));
    CHECK(done.error().code == errc::forbidden);
    auto fewer = make_identity("ann");
    fewer->rooms = {"b"};
    renew(fewer);
    CHECK(done.ok());
    n.publish("a", "x");
    n.publish("b", "y");
    CHECK(c.events() == texts{"y"});
    REQUIRE(n.bridge->all<left>().size() == 1);
    CHECK(n.bridge->all<left>()[0].feeds == std::vector{n.feed_of(room_of("a"))});
    CHECK_FALSE(n.bridge->all<left>()[0].ended);
  }
}

TEST_SUITE("actors/connection roster") {
  TEST_CASE("a change before the stream begins takes effect when it does") {
    client_node n;
    const auto c = n.begin("ann", {"b"});
    c.ticket->channels.back().from_roster = true;
    n.tell(n.node.fanouts[0], roster_changed{acme, user_id{"ann"}, "a", true, 77});
    n.tell(n.node.fanouts[0], roster_changed{acme, user_id{"ann"}, "b", false, 0});
    CHECK(n.bridge->all<join>().empty());
    n.let_in(c.ticket);
    const auto more = n.last_join();
    CHECK_FALSE(more->opening);
    REQUIRE(more->channels.size() == 1);
    CHECK(*more->channels[0].where == room_of("a"));
    CHECK(more->channels[0].since == 77);
    n.let_in(more);
    n.publish("a", "x");
    n.publish("b", "y");
    CHECK(c.events() == texts{"x"});
  }

  TEST_CASE("a new member joins live, in all sessions of the user and in no other") {
    client_node n;
    const auto first = n.open("ann");
    const auto second = n.open("ann");
    const auto bob = n.open("bob");
    n.tell(n.node.fanouts[0], roster_changed{acme, user_id{"ann"}, "a", true, 0});
    n.tell(n.node.fanouts[0], roster_changed{tenant_id{"other"}, user_id{"bob"}, "a", true, 0});
    REQUIRE(n.bridge->all<join>().size() == 2);
    for (const auto& each : n.bridge->all<join>()) n.let_in(each.ticket);
    n.publish("a", "x");
    CHECK(first.events() == texts{"x"});
    CHECK(second.events() == texts{"x"});
    CHECK(bob.events().empty());
  }

  TEST_CASE("a member that is removed leaves, unless its token names the room") {
    client_node n;
    auto who = make_identity("ann");
    who->rooms = {"own"};
    const auto c = n.begin(who);
    c.ticket->channels.back().from_roster = true;
    c.ticket->channels.push_back({std::make_shared<channel>(room_of("a")), 0, true});
    n.let_in(c.ticket);
    for (const auto* room : {"own", "a"})
      n.tell(n.node.fanouts[0], roster_changed{acme, user_id{"ann"}, room, false, 0});
    n.publish("own", "x");
    n.publish("a", "y");
    CHECK(c.events() == texts{"x"});
  }

  TEST_CASE("a membership that ends while its join is under way does not stay") {
    client_node n;
    const auto c = n.open("ann");
    n.tell(n.node.fanouts[0], roster_changed{acme, user_id{"ann"}, "a", true, 0});
    n.tell(n.node.fanouts[0], roster_changed{acme, user_id{"ann"}, "a", false, 0});
    n.let_in(n.last_join());
    n.publish("a", "secret");
    CHECK(c.events().empty());
  }

  TEST_CASE("a member whose join is refused is sent away to come back, not left deaf") {
    client_node n;
    const auto c = n.open("ann");
    n.tell(n.node.fanouts[0], roster_changed{acme, user_id{"ann"}, "a", true, 0});
    const auto join = n.last_join();
    n.tell(c.handle, refused{join->request, net::make_goodbye(close_code::overload, {}, {})});
    CHECK(c.line->closing == close_code::overload);
  }
}

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

  TEST_CASE("a room that is asked for twice is joined once") {
    client_node n;
    const auto c = n.open("ann", {"b"});
    n.subscribe(c, {"a", "a", "b"}, "1");
    const auto first = n.last_join();
    n.subscribe(c, {"a"}, "2");
    const auto second = n.last_join();
    n.let_in(first);
    if (second != first) n.let_in(second);
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
    auto who = make_identity("ann");
    who->rooms = {"a"};
    const auto c = n.begin(who);
    n.let_in(c.ticket);
    n.subscribe(c, {"a", "b"}, "5");
    CHECK(n.bridge->all<join>().empty());
    const auto no = c.line->said().back();
    CHECK(wire::field(no, "type") == "error");
    CHECK(wire::field(no, "code") == "forbidden");
    CHECK(wire::field(no, "message").find("\\\"b") != std::string::npos);
  }

  TEST_CASE("a subscribe that is refused is an error, and events flow on") {
    client_node n;
    const auto c = n.open("ann", {"b"});
    n.subscribe(c, {"a"}, "5");
    n.publish("b", "x");
    n.tell(c.handle,
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

  TEST_CASE("publish goes to the publisher and comes back as ack or error") {
    client_node n;
    const auto c = n.open("ann");
    net::ws_command what;
    what.what = kind::publish;
    what.ref_json = "9";
    what.item = net::publish_item{};
    n.command(c, what);
    REQUIRE(n.publisher->all<publish_request>().size() == 1);
    const auto& request = n.publisher->all<publish_request>()[0];
    CHECK(request.source == event_source::ws);
    CHECK(request.who->user == user_id{"ann"});
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
    net::ws_command what;
    what.what = kind::presence;
    what.state = "away";
    n.command(c, what);
    CHECK(c.session->state == presence_state::away);
    CHECK(wire::field(c.line->said().back(), "type") == "ack");
    what.state = "asleep";
    n.command(c, what);
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
    net::ws_command what;
    what.what = kind::auth;
    for (const auto& [token, answer] : std::map<std::string, std::string>{
             {"ann", ""}, {"bob", "forbidden"}, {"", "unauthorized"}}) {
      what.token = token;
      n.command(c, what);
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
    n.tell(c.handle, close_session{close_code::kicked, std::nullopt, std::nullopt});
    n.command(c, ping);
    CHECK(wire::field(c.line->said().back(), "type") == "goodbye");
  }
}

}  // namespace starling::actors::test
