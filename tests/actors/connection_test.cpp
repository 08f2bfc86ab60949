#include "net/base/planned_faults.hpp"
#include "tests/actors/connection_fixture.hpp"

namespace starling::actors::test {

namespace {

/// A client that comes back to room a with a cursor at 50.
client_node::client resuming(client_node& n) {
  net::stream_request request;
  request.last_event_id = cursor{7, 50}.str();
  request.rooms = {"a"};
  return n.begin(make_identity("ann"), std::move(request));
}

/// The bridge's answer: the part of room a is to be waited for.
joined answer_with_part(client_node& n, const client_node::client& c) {
  auto out = n.answer_to(*c.ticket);
  out.parts.push_back({n.id_of(room_of("a")), 50});
  return out;
}

/// That part: its beginning only the store has.
replay_part old_part(client_node& n, const client_node::client& c) {
  auto out = n.part_of(*c.ticket, "a", some_events("a", 2, 60));
  out.store_after = 50;
  out.store_up_to = 60;
  return out;
}

void answer_read(client_node& n, const std::string& data, sequence seq) {
  cluster::log_page page;
  page.events.push_back({seq, 0, make_event(room_of("a"), data)});
  take_oldest(n.engine.reads).done(std::move(page));
  n.run();
}

}  // namespace

TEST_SUITE("actors/connection begin") {
  TEST_CASE("a session asks for its user, its tenant, its token's rooms and those in the request") {
    client_node n;
    auto identity = make_identity("ann");
    identity->rooms = {"own", "team-*"};
    net::stream_request request;
    request.rooms = {"team-x"};
    const auto c = n.begin(identity, std::move(request));
    REQUIRE(c.ticket != nullptr);
    std::vector<channel> wanted;
    for (const auto& w : c.ticket->channels) wanted.push_back(*w.channel);
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
    const auto begin = [&] {
      net::stream_request request;
      request.since_last = true;
      return n.begin(make_identity("ann"), std::move(request));
    };
    begin();
    CHECK(n.roster->all<join>().empty());
    take_oldest(n.engine.gets)(std::optional<cursor>(cursor{7, 33}));
    n.run();
    REQUIRE(n.roster->all<join>().size() == 1);
    CHECK(n.roster->all<join>()[0].resume == cursor{7, 33});

    const auto c = begin();
    take_oldest(n.engine.gets)(error{errc::unavailable, "no"});
    n.run();
    REQUIRE(c.line->refused.has_value());
    CHECK(c.line->refused->code == close_code::overload);
    CHECK(c.line->refused->reconnect);
  }

  TEST_CASE("a client whose session dies of a fault before its stream is sent away to come back") {
    client_node n;
    const auto c = n.begin("ann", {"a"});
    c.address.stop();
    n.run();
    REQUIRE(c.line->refused.has_value());
    CHECK(c.line->refused->code == close_code::overload);
    CHECK(c.line->refused->reconnect);

    const auto open = n.open("bob", {"a"});
    open.address.stop();
    n.run();
    CHECK_FALSE(open.line->refused.has_value());
  }

  TEST_CASE("a client whose session has a fault before it is known to anybody is sent away too") {
    client_node n;
    auto plan = planned_faults::parse({"connection.start@1"});
    REQUIRE(plan);
    faults_to_come = plan->get();
    const auto c = n.begin("ann", {"a"});
    faults_to_come = nullptr;
    REQUIRE(c.line->refused.has_value());
    CHECK(c.line->refused->code == close_code::overload);
    CHECK(c.line->refused->reconnect);
    CHECK(n.node.sessions == 0);
    CHECK_FALSE(n.open("bob", {"a"}).line->refused.has_value());
    CHECK(n.node.sessions == 1);
  }

  TEST_CASE("who comes back is told which rooms were taken away meanwhile, and only those") {
    client_node n;
    n.former_rooms = texts{"a", "gone", "team-2", "went too"};
    auto identity = make_identity("ann");
    identity->rooms = {"a", "team-*"};
    for (const bool by_cursor : {true, false}) {
      net::stream_request request;
      if (by_cursor) request.last_event_id = cursor{7, 100}.str();
      request.since_last = !by_cursor;
      auto c = n.begin(identity, std::move(request));
      if (!by_cursor) {
        take_oldest(n.engine.gets)(std::optional<cursor>(cursor{7, 100}));
        n.run();
        c.ticket = n.ticket_of(n.roster->all<join>().back());
      }
      auto answer = n.answer_to(*c.ticket);
      answer.resumed = true;
      n.tell(n.node.fanouts[0], std::move(answer));
      REQUIRE(c.line->open);
      const auto hello = c.line->said()[0];
      CHECK(hello.find(R"("resumed":false)") != std::string::npos);
      CHECK(hello.find(R"("lost":[{"room":"gone","reason":"forbidden"},)"
                       R"({"room":"went too","reason":"forbidden"}])") != std::string::npos);
    }
  }

  TEST_CASE("who comes without a position is asked for no former rooms") {
    client_node n;
    n.former_rooms.reset();
    const auto c = n.open("ann", {"a"});
    CHECK(n.engine.rooms_asked.empty());
    CHECK(c.line->said()[0].find(R"("lost":[])") != std::string::npos);
  }

  TEST_CASE("a resume waits for the user's former rooms, and goes on when they are not to be had") {
    client_node n;
    n.former_rooms.reset();
    const auto c = resuming(n);
    n.tell(n.node.fanouts[0], answer_with_part(n, c));
    n.tell(c.address, n.part_of(*c.ticket, "a", some_events("a", 2, 60)));
    CHECK_FALSE(c.line->open);
    n.publish("a", "live");
    take_oldest(n.engine.rooms_asked)(error{errc::timeout, "no answer"});
    n.run();
    REQUIRE(c.line->open);
    CHECK(c.events() == texts{"r1", "r2", "live"});
    CHECK(c.line->said()[0].find(R"("lost":[])") != std::string::npos);
  }

  TEST_CASE("events that come while history is read from the store wait for it") {
    client_node n;
    const auto c = resuming(n);
    n.tell(n.node.fanouts[0], answer_with_part(n, c));
    CHECK_FALSE(c.line->open);
    n.publish("a", "live");
    n.tell(c.address, old_part(n, c));
    CHECK_FALSE(c.line->open);
    REQUIRE(n.engine.reads.size() == 1);
    CHECK(n.engine.reads[0].channel == room_of("a"));
    CHECK(n.engine.reads[0].after == 50);
    CHECK(n.engine.reads[0].up_to == 60);
    answer_read(n, "old", 55);
    REQUIRE(c.line->open);
    CHECK(c.events() == texts{"old", "r1", "r2", "live"});
  }

  TEST_CASE("a part of the replay may come before the join's answer") {
    client_node n;
    const auto c = resuming(n);
    n.tell(c.address, n.part_of(*c.ticket, "a", some_events("a", 2, 60)));
    CHECK_FALSE(c.line->open);
    n.tell(n.node.fanouts[0], answer_with_part(n, c));
    REQUIRE(c.line->open);
    CHECK(c.events() == texts{"r1", "r2"});
    n.publish("a", "live");
    CHECK(c.events().back() == "live");
  }

  TEST_CASE("what the store has may come before the join's answer, too") {
    client_node n;
    const auto c = resuming(n);
    n.tell(c.address, old_part(n, c));
    answer_read(n, "old", 55);
    CHECK_FALSE(c.line->open);
    n.tell(n.node.fanouts[0], answer_with_part(n, c));
    REQUIRE(c.line->open);
    CHECK(c.events() == texts{"old", "r1", "r2"});
  }

  TEST_CASE("a stream begins when the parts of all channels are there") {
    client_node n;
    net::stream_request request;
    request.last_event_id = cursor{7, 50}.str();
    request.rooms = {"a", "b"};
    const auto c = n.begin(make_identity("ann"), std::move(request));
    auto answer = n.answer_to(*c.ticket);
    for (const auto* room : {"a", "b"}) answer.parts.push_back({n.id_of(room_of(room)), 50});
    n.tell(n.node.fanouts[0], std::move(answer));
    n.tell(c.address, n.part_of(*c.ticket, "b", {make_publication("b", 61, "b1")}));
    CHECK_FALSE(c.line->open);
    n.tell(c.address, n.part_of(*c.ticket, "a", some_events("a", 2, 60)));
    REQUIRE(c.line->open);
    CHECK(c.events().size() == 3);
    CHECK(c.events().back() == "r2");
  }

  TEST_CASE("the part of an actor that died is read from the store") {
    client_node n;
    const auto c = resuming(n);
    n.tell(n.node.fanouts[0], answer_with_part(n, c));
    CHECK(n.engine.reads.empty());
    n.tell(n.node.fanouts[0], recount{n.id_of(room_of("a")), n.node.bridges[0]});
    REQUIRE(n.engine.reads.size() == 1);
    CHECK(n.engine.reads[0].channel == room_of("a"));
    CHECK(n.engine.reads[0].after == 50);
    CHECK(n.engine.reads[0].up_to == 100);
    answer_read(n, "stored", 70);
    REQUIRE(c.line->open);
    CHECK(c.events() == texts{"stored"});
  }

  TEST_CASE("the part of an actor that died after it was sent is not read again") {
    client_node n;
    const auto c = resuming(n);
    n.tell(n.node.fanouts[0], answer_with_part(n, c));
    n.tell(c.address, old_part(n, c));
    n.tell(n.node.fanouts[0], recount{n.id_of(room_of("a")), n.node.bridges[0]});
    CHECK(n.engine.reads.size() == 1);
    answer_read(n, "old", 55);
    CHECK(c.events() == texts{"old", "r1", "r2"});
  }

  TEST_CASE("a replay that cannot be read sends the session away to try again") {
    client_node n;
    const auto c = resuming(n);
    n.tell(n.node.fanouts[0], answer_with_part(n, c));
    n.tell(c.address, old_part(n, c));
    take_oldest(n.engine.reads).done(error{errc::unavailable, "timeout"});
    n.run();
    CHECK_FALSE(c.line->open);
    REQUIRE(c.line->refused.has_value());
    CHECK(c.line->refused->code == close_code::overload);
    CHECK(c.line->refused->reconnect);
    CHECK(n.node.sessions == 0);
  }

  TEST_CASE("a session that ends while its replay is read leaves its channels") {
    client_node n;
    const auto c = resuming(n);
    n.tell(n.node.fanouts[0], answer_with_part(n, c));
    n.tell(c.address, old_part(n, c));
    n.tell(c.address, close_session{close_code::kicked, std::nullopt, std::nullopt});
    answer_read(n, "old", 55);
    CHECK_FALSE(c.line->open);
    REQUIRE(n.bridge->all<left>().size() == 1);
    CHECK(n.bridge->all<left>()[0].ended);
    CHECK(n.node.sessions == 0);
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
    n.tell(c.address, refused{0, net::make_goodbye(close_code::overload, {}, {})});
    REQUIRE(c.line->refused.has_value());
    CHECK(n.node.sessions == 0);
    CHECK_FALSE(c.actor->alive());
    n.let_in(c.ticket);  // overtaken
    CHECK_FALSE(c.line->open);
    REQUIRE(n.bridge->all<left>().size() == 1);
    CHECK(n.bridge->all<left>()[0].ended);
    CHECK(n.bridge->all<left>()[0].channels.size() == 3);
  }

  TEST_CASE("a denied room is an error before the stream") {
    client_node n;
    const auto c = n.begin("ann", {"a"});
    n.tell(c.address, denied{{errc::forbidden, "room"}});
    REQUIRE(c.line->failed.has_value());
    CHECK(c.line->failed->code == errc::forbidden);
    CHECK(n.node.sessions == 0);
  }

  TEST_CASE("a session closed before its stream began is refused with the same words") {
    client_node n;
    const auto c = n.begin("ann", {"a"});
    n.tell(c.address, close_session{close_code::replaced, std::nullopt, std::nullopt});
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
    auto event = make_event(room_of("a"), "x");
    event.exclude = {ann.session->id};
    n.fan(std::move(event));
    CHECK(ann.events().empty());
    CHECK(bob.events() == texts{"x"});
  }

  TEST_CASE("an event for several rooms reaches a session in the first of its rooms only") {
    client_node n;
    const auto both = n.open("ann", {"a", "b"});
    const auto second_only = n.open("bob", {"b"});
    auto event = make_event(room_of("a"), "x");
    n.fan(event);
    event.channel = room_of("b");
    event.earlier_targets = {"a"};
    n.fan(event);
    CHECK(both.events() == texts{"x"});
    CHECK(second_only.events() == texts{"x"});
  }

  TEST_CASE("of an event for very many rooms each session gets one, however many it is in") {
    client_node n;
    texts rooms;
    for (int i = 0; i < 40; ++i) rooms.push_back("r" + std::to_string(i));
    const auto all = n.open("ann", rooms);
    const auto last_only = n.open("bob", {"r39"});
    const shared_list<std::string> targets(rooms);
    for (std::size_t i = 0; i < rooms.size(); ++i) {
      auto event = make_event(room_of(rooms[i]), rooms[i]);
      event.earlier_targets = targets.first(i);
      n.fan(event);
    }
    CHECK(all.events() == texts{"r0"});
    CHECK(last_only.events() == texts{"r39"});
  }

  TEST_CASE("an event for one session is delivered to that one, if it is there") {
    client_node n;
    const auto ann = n.open("ann", {"a"});
    const auto bob = n.open("bob", {"a"});
    bool there = false;
    const auto publication = make_publication("a", 101, "private");
    n.tell(n.node.fanouts[0],
           deliver_to{bob.session->id, publication, [&](bool was) { there = was; }});
    CHECK(there);
    CHECK(ann.events().empty());
    CHECK(bob.events() == texts{"private"});
    n.tell(n.node.fanouts[0],
           deliver_to{session_id::make(1), publication, [&](bool was) { there = was; }});
    CHECK_FALSE(there);
  }
}

TEST_SUITE("actors/connection end") {
  TEST_CASE("a peer that goes away leaves all its channels and is forgotten") {
    client_node n;
    const auto c = n.open("ann", {"a"});
    n.closed(c);
    CHECK_FALSE(c.line->open);
    CHECK(n.node.sessions == 0);
    CHECK(n.loop.metrics().sessions[1].get() == 0);
    CHECK(n.loop.metrics().sessions_closed[static_cast<int>(close_code::client_closed)].get() == 1);
    REQUIRE(n.bridge->all<left>().size() == 1);
    CHECK(n.bridge->all<left>()[0].channels.size() == 3);
    CHECK(n.bridge->all<left>()[0].ended);
    n.publish("a", "nobody");
    CHECK(c.events().empty());
  }

  TEST_CASE("goodbye is said once and nothing after it") {
    client_node n;
    const auto c = n.open("ann", {"a"});
    n.publish("a", "x");
    for (const auto why : {close_code::kicked, close_code::draining})
      n.tell(c.address, close_session{why, std::nullopt, std::nullopt});
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

  TEST_CASE("an event of another life of the store sends its members away with their old cursor") {
    client_node n;
    const auto c = n.open("ann", {"a"});
    n.publish("a", "old");
    const auto id = n.id_of(room_of("a"));
    for (const sequence seq : {1, 2})
      n.tell(n.node.fanouts[0],
             fan_out{id, std::make_shared<publication>(make_event(room_of("a"), "new"),
                                                       cursor{8, seq}, seq)});
    CHECK(c.events() == texts{"old"});
    CHECK(c.line->closing == close_code::draining);
    const auto goodbye = c.line->said().back();
    CHECK(wire::field(goodbye, "code") == "draining");
    CHECK(wire::field(goodbye, "reason") == "the history began anew: fetch again");
    CHECK(wire::field(goodbye, "id") == cursor{7, 101}.str());
  }

  TEST_CASE("where a session ended is kept for since=last: what the client got, not more") {
    client_node n;
    const auto c = n.open("ann", {"a"});
    n.publish("a", "taken");
    c.line->flush();
    REQUIRE(c.actor->save_position());  // as the fanout does in turn
    c.line->stuck = true;
    n.publish("a", "queued");
    n.publish("a", "queued too");
    n.closed(c);
    REQUIRE_FALSE(n.engine.saved_positions.empty());
    CHECK(n.engine.saved_positions.back() == cursor{7, 101});
  }

  TEST_CASE("a position is saved soon after it changed, and again once the rest has arrived") {
    client_node n;
    n.node.clustered = true;
    const auto c = n.open("ann", {"a"});
    CHECK(n.engine.saved_positions.size() == 1);
    c.line->stuck = true;
    n.publish("a", "on its way");
    CHECK(n.engine.saved_positions.back() == cursor{7, 100});
    CHECK_FALSE(c.actor->save_position());  // as the fanout does in turn
    CHECK(n.engine.saved_positions.back() == cursor{7, 100});
    c.line->stuck = false;
    c.line->flush();
    CHECK(c.actor->save_position());
    CHECK(n.engine.saved_positions.back() == cursor{7, 101});
  }

  TEST_CASE("the rooms of a session are saved with its position, once per change") {
    client_node n;
    n.node.clustered = true;
    const auto c = n.open("ann", {"a", "b"});
    CHECK(n.engine.saved_rooms == std::vector<texts>{{"a", "b"}});
    n.publish("a", "more");
    c.line->flush();
    REQUIRE(c.actor->save_position());
    CHECK(n.engine.saved_rooms.size() == 1);
    n.unsubscribe(c, {"a"});
    n.closed(c);
    CHECK(n.engine.saved_rooms == std::vector<texts>{{"a", "b"}, {"b"}});
  }

  TEST_CASE("rooms that the store has already are not saved once more by who resumes") {
    for (const bool known : {true, false}) {
      client_node n;
      n.node.clustered = true;
      n.former_rooms = known ? texts{"b", "a"} : texts{"a"};
      net::stream_request request;
      request.rooms = {"a", "b"};
      request.last_event_id = cursor{7, 100}.str();
      const auto c = n.begin(make_identity("ann"), std::move(request));
      n.let_in(c.ticket);
      c.line->flush();
      REQUIRE(c.actor->save_position());
      CHECK(n.engine.saved_rooms.size() == (known ? 0 : 1));
      CHECK_FALSE(n.engine.saved_positions.empty());
    }
  }

  TEST_CASE("a token that has expired ends the session") {
    client_node n;
    auto identity = make_identity("ann");
    identity->expires_s = wall_ms() / 1000 - 1;
    const auto c = n.begin(identity);
    n.let_in(c.ticket);
    n.loop.timers().advance(steady_clock::now() + std::chrono::seconds(1));
    CHECK(c.line->closing == close_code::token_expired);
  }

  TEST_CASE("a token about to expire is announced once, and renewing it starts over") {
    client_node n;
    auto identity = make_identity("ann");
    identity->expires_s = wall_ms() / 1000 + 30;
    const auto c = n.begin(identity);
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
    CHECK(n.bridge->all<left>()[0].channels == std::vector{n.id_of(room_of("a"))});
    CHECK_FALSE(n.bridge->all<left>()[0].ended);
  }
}

}  // namespace starling::actors::test
