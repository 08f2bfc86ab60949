#include "actors/session/fanout.hpp"

#include <random>

#include "tests/actors/connection_fixture.hpp"

namespace starling::actors::test {

namespace {

/// 200 sessions that come, subscribe, unsubscribe and go at random, beside a model of who is where.
struct crowd {
  struct member {
    client_node::client client;
    std::set<std::string> rooms;
    texts expected;
  };

  client_node n;
  std::minstd_rand random{2024};
  std::vector<member> members;

  std::string any_room() { return "r" + std::to_string(random() % 12); }

  void arrive() {
    const texts rooms{any_room()};
    members.push_back({n.open("u" + std::to_string(random() % 50), rooms), {rooms[0]}, {}});
  }
  void subscribe(member& m) {
    const auto room = any_room();
    const auto before = n.bridge->all<join>().size();
    n.subscribe(m.client, {room});
    if (n.bridge->all<join>().size() > before) n.let_in(n.last_join());
    m.rooms.insert(room);
  }
  void unsubscribe(member& m) {
    const auto room = any_room();
    n.unsubscribe(m.client, {room});
    m.rooms.erase(room);
  }
  void depart(std::size_t index) {
    n.closed(members[index].client);
    CHECK(members[index].client.events() == members[index].expected);
    members[index] = std::move(members.back());
    members.pop_back();
  }
  void step() {
    const auto dice = random() % 10;
    if (members.size() < 200 && dice < 4) return arrive();
    if (members.empty()) return;
    const auto index = random() % members.size();
    if (dice < 6) return subscribe(members[index]);
    if (dice < 8) return unsubscribe(members[index]);
    if (dice == 9) depart(index);
  }
  void publish_everywhere(int round) {
    for (int r = 0; r < 12; ++r) {
      const auto room = "r" + std::to_string(r);
      const auto data = room + "." + std::to_string(round);
      n.publish(room, data);
      for (auto& m : members)
        if (m.rooms.contains(room)) m.expected.push_back(data);
    }
  }
  void verify() {
    for (auto& m : members) {
      m.client.line->flush();
      CHECK(m.client.events() == m.expected);
    }
  }
};

result<void> close_it(client_node& n, close_one request) {
  result<void> out = error{errc::internal, "not answered"};
  request.done = [&](result<void> r) { out = std::move(r); };
  n.tell(n.node.fanouts[0], std::move(request));
  return out;
}

}  // namespace

TEST_SUITE("actors/fanout") {
  TEST_CASE("a fanout that ends takes its sessions with it, while the node is still there") {
    client_node n;
    const auto open = n.open("ann", {"a"});
    const auto joining = n.begin("bob");
    CHECK(n.node.sessions == 2);
    n.node.fanouts[0].stop();
    n.run();
    CHECK(n.node.sessions == 0);
    CHECK_FALSE(open.line->open);
  }

  TEST_CASE("whoever comes and goes, exactly the members of a room get its events") {
    crowd c;
    for (int i = 0; i < 150; ++i) c.arrive();
    for (int round = 0; round < 40; ++round) {
      for (int i = 0; i < 50; ++i) c.step();
      c.publish_everywhere(round);
    }
    c.verify();
    while (!c.members.empty()) c.depart(c.random() % c.members.size());
    c.n.bridge->all<left>().clear();
    c.publish_everywhere(1000);
    CHECK(c.n.node.sessions == 0);
  }

  TEST_CASE("a session is closed by who may close it") {
    client_node n;
    const auto ann = n.open("ann");
    const auto id = ann.session->id;
    const auto unknown = close_it(n, {session_id::make(1), {}, {}, close_code::kicked, {}});
    CHECK(unknown.error().code == errc::not_found);
    const auto foreign = close_it(n, {id, {}, tenant_id{"other"}, close_code::kicked, {}});
    CHECK(foreign.error().code == errc::not_found);
    const auto stranger = close_it(n, {id, user_id{"bob"}, acme, close_code::kicked, {}});
    CHECK(stranger.error().code == errc::forbidden);
    CHECK_FALSE(ann.line->closing.has_value());
    CHECK(close_it(n, {id, user_id{"ann"}, acme, close_code::kicked, {}}).ok());
    CHECK(ann.line->closing == close_code::kicked);
    CHECK(wire::field(ann.line->said().back(), "reason") == "closed by its owner");
    const auto bob = n.open("bob");
    CHECK(close_it(n, {bob.session->id, {}, acme, close_code::kicked, {}}).ok());
    CHECK(wire::field(bob.line->said().back(), "reason") == "closed by an administrator");
  }

  TEST_CASE("a session whose goodbye was said counts no more while its transport lingers") {
    client_node n;
    const auto ann = n.open("ann", {"a"});
    n.subscribe(ann, {"late"});
    CHECK(close_it(n, {ann.session->id, {}, acme, close_code::kicked, {}}).ok());
    REQUIRE(ann.line->open);
    const auto gone = std::exchange(n.bridge->all<left>(), {});
    REQUIRE(gone.size() == 1);
    CHECK(gone[0].ended);
    CHECK(gone[0].channels.size() == 3);  // its user's, the tenant's and the room's
    const auto again = close_it(n, {ann.session->id, {}, acme, close_code::kicked, {}});
    CHECK(again.error().code == errc::not_found);
    std::size_t found = 1;
    n.tell(n.node.fanouts[0],
           sessions_query{
               .tenant = acme, .limit = 9, .viewed = false, .done = [&](const sessions_found& all) {
                 found = all.total;
               }});
    CHECK(found == 0);

    n.let_all_in();  // a join that was under way
    REQUIRE(n.bridge->all<left>().size() == 1);
    CHECK(n.bridge->all<left>()[0].channels == std::vector{n.id_of(room_of("late"))});
    n.closed(ann, close_code::kicked);
    CHECK_FALSE(ann.line->open);
    CHECK(n.bridge->all<left>().size() == 1);
  }

  TEST_CASE("only a session that ends quietly can be left behind, and it hears nothing of it") {
    client_node n;
    const auto stream = n.open("ann");
    net::stream_request quiet;
    quiet.ends_quietly = true;
    const auto poll = n.begin(make_identity("ann"), std::move(quiet));
    n.let_in(poll.ticket);
    const auto leave_behind = [&](const client_node::client& of) {
      return close_it(n, {of.session->id, user_id{"ann"}, acme, close_code::client_closed, {}});
    };
    CHECK(leave_behind(stream).error().code == errc::not_found);
    CHECK_FALSE(stream.line->closing.has_value());
    CHECK(leave_behind(poll).ok());
    CHECK(poll.line->closing == close_code::client_closed);
    CHECK(poll.line->said().size() == 1);  // connected
  }

  TEST_CASE("an event for one session reaches it only from its own tenant") {
    client_node n;
    const auto ann = n.open("ann");
    const auto deliver = [&](const tenant_id& tenant, const session_id& id, const char* data) {
      bool there = false;
      auto sent = std::make_shared<publication>(
          make_event({tenant, channel_kind::client, id.str()}, data), cursor{7, 100}, 0);
      n.tell(n.node.fanouts[0],
             deliver_to{id, std::move(sent), [&](bool found) { there = found; }});
      return there;
    };
    CHECK_FALSE(deliver(tenant_id{"other"}, ann.session->id, "evil"));
    CHECK_FALSE(deliver(acme, session_id::make(1), "nobody"));
    CHECK(deliver(acme, ann.session->id, "hello"));
    CHECK(ann.events() == texts{"hello"});
    n.tell(ann.address, close_session{close_code::kicked, std::nullopt, std::nullopt});
    CHECK_FALSE(deliver(acme, ann.session->id, "too late"));
  }

  TEST_CASE("an event for one session with the same id again is delivered once") {
    client_node n;
    const auto ann = n.open("ann");
    const auto bob = n.open("bob");
    const auto deliver = [&](const client_node::client& to, const char* data) {
      auto event = make_event({acme, channel_kind::client, to.session->id.str()}, data);
      event.id_given = true;
      bool there = false;
      n.tell(n.node.fanouts[0],
             deliver_to{to.session->id,
                        std::make_shared<publication>(std::move(event), cursor{7, 100}, 0),
                        [&](bool found) { there = found; }});
      return there;
    };
    CHECK(deliver(ann, "x"));
    CHECK(deliver(ann, "again"));
    CHECK(deliver(bob, "y"));
    CHECK(ann.events() == texts{"x"});
    CHECK(bob.events() == texts{"y"});
  }

  TEST_CASE("a drain says goodbye to everybody") {
    client_node n;
    std::vector<client_node::client> all;
    for (int i = 0; i < 5; ++i) all.push_back(n.open("u" + std::to_string(i)));
    n.tell(n.node.fanouts[0], drain{std::chrono::milliseconds(100)});
    for (const auto& c : all) CHECK(c.line->closing == close_code::draining);
  }

  TEST_CASE("a drain for another reason than leaving says so") {
    client_node n;
    const auto leaving = n.open("ann");
    n.tell(n.node.fanouts[0], drain{std::chrono::milliseconds(1)});
    CHECK(wire::field(leaving.line->said().back(), "reason") == info(close_code::draining).reason);
    const auto staying = n.open("bob");
    n.tell(n.node.fanouts[0],
           drain{std::chrono::milliseconds(1), close_code::draining, "begun anew"});
    CHECK(wire::field(staying.line->said().back(), "reason") == "begun anew");
  }

  TEST_CASE("a drain of nobody is nothing") {
    client_node n;
    n.tell(n.node.fanouts[0], drain{std::chrono::milliseconds(100)});
    CHECK(n.open("ann").line->open);
  }

  TEST_CASE("sessions are found by tenant, user and id") {
    client_node n;
    const auto ann = n.open("ann", {"a"});
    n.open("ann");
    n.open("bob");
    const auto count = [&](const tenant_id& tenant, const std::string& user,
                           std::optional<session_id> id) {
      std::vector<net::session_info> out;
      n.tell(n.node.fanouts[0],
             sessions_query{tenant, user, id, {}, 10, false, [&](sessions_found some) {
                              out = std::move(some.sessions);
                            }});
      return out;
    };
    CHECK(count({}, {}, {}).size() == 3);
    CHECK(count(acme, "ann", {}).size() == 2);
    CHECK(count(tenant_id{"other"}, {}, {}).empty());
    const auto one = count(acme, {}, ann.session->id);
    REQUIRE(one.size() == 1);
    CHECK(one[0].client_id == ann.session->id.str());
    CHECK(one[0].rooms == texts{"a"});
    CHECK(one[0].transport == "ws");
    CHECK(count(tenant_id{"other"}, {}, ann.session->id).empty());
  }

  TEST_CASE("sessions come in pages in the order of their ids, each once") {
    client_node n;
    for (int i = 0; i < 5; ++i) n.open("ann");
    std::set<std::string> seen;
    std::optional<session_id> after;
    for (const std::size_t expected : {2, 2, 1, 0}) {
      sessions_found page;
      n.tell(n.node.fanouts[0], sessions_query{acme, {}, {}, after, 2, false, [&](auto some) {
                                                 page = std::move(some);
                                               }});
      CHECK(page.total == 5);
      REQUIRE(page.sessions.size() == expected);
      for (const auto& each : page.sessions) {
        if (after) CHECK(each.client_id > after->str());
        after = session_id::parse(each.client_id);
        CHECK(seen.insert(each.client_id).second);
      }
    }
  }

  TEST_CASE("sessions are searched, and the newest come first in pages") {
    client_node n;
    std::vector<session_id> opened;
    for (int i = 0; i < 5; ++i) opened.push_back(n.open("Ann").session->id);
    n.open("bob");
    std::vector<std::string> seen;
    std::optional<session_place> after;
    for (const std::size_t expected : {2, 2, 1, 0}) {
      sessions_found page;
      n.tell(n.node.fanouts[0], sessions_query{acme,
                                               {},
                                               {},
                                               after,
                                               2,
                                               false,
                                               [&](auto some) { page = std::move(some); },
                                               "aNN",
                                               session_order::newest});
      CHECK(page.total == 5);
      REQUIRE(page.sessions.size() == expected);
      for (const auto& each : page.sessions) {
        seen.push_back(each.client_id);
        after = session_place(*session_id::parse(each.client_id),
                              static_cast<std::uint64_t>(each.opened_ms));
      }
    }
    CHECK(std::set<std::string>(seen.begin(), seen.end()).size() == opened.size());
  }

  TEST_CASE("a tenant's statistics count its sessions, those that ended too, and nobody else's") {
    client_node n;
    auto ann = n.open("ann");
    const auto stats = [&](const tenant_id& tenant) {
      net::node_stats out;
      n.tell(n.node.fanouts[0], tenant_stats_query{tenant, [&](auto some) { out = some; }});
      return out;
    };
    n.open("bob");
    CHECK(stats(acme).sessions == 2);
    CHECK(stats(acme).opened == 2);
    CHECK(stats(tenant_id{"other"}).opened == 0);
    ann.line->observer->on_closed(close_code::kicked);
    n.run();
    CHECK(stats(acme).sessions == 1);
    CHECK(stats(acme).opened == 2);
    CHECK(stats(acme).closed == 1);
    CHECK(stats(acme).bytes_out > 0);
  }

  TEST_CASE("a token of another tenant finds no session, as for an unknown one") {
    client_node n;
    const auto ann = n.open("ann");
    const auto renew = [&](const session_id& id, std::shared_ptr<net::identity> fresh) {
      result<void> out = error{errc::internal, "not answered"};
      n.tell(n.node.fanouts[0],
             renew_token{id, std::move(fresh), [&](auto said) { out = std::move(said); }});
      return out.ok() ? "ok" : out.error().message;
    };
    const auto id = ann.session->id;
    auto foreign = make_identity("ann");
    foreign->tenant = tenant_id{"other"};
    const auto unknown = session_id::make(1);
    CHECK(renew(unknown, make_identity("ann")) == "no session " + unknown.str());
    CHECK(renew(id, make_identity("bob")) == "the new token is for another user or tenant");
    CHECK(renew(id, foreign) == "no session " + id.str());
    CHECK(renew(id, make_identity("ann")) == "ok");
  }

  TEST_CASE("a drain of one partition leaves the sessions of others") {
    client_node n;
    n.node.partitions.resize(2);
    n.node.bridges.push_back(n.node.bridges[0]);
    const auto ann = n.open("ann");
    const auto own = cluster::partition_of(acme, 2);
    const auto other = static_cast<cluster::partition_id>(1 - cluster::index_of(own));
    const auto drain_of = [](cluster::partition_id which) {
      return drain{std::chrono::milliseconds(1), close_code::draining, {}, which};
    };
    n.tell(n.node.fanouts[0], drain_of(other));
    CHECK_FALSE(ann.line->closing.has_value());
    n.tell(n.node.fanouts[0], drain_of(own));
    CHECK(ann.line->closing == close_code::draining);
  }

  TEST_CASE("a recount names the members of a channel and nobody else") {
    client_node n;
    const auto ann = n.open("ann", {"a"});
    n.open("bob", {"b"});
    const auto& asker = n.node.bridges[0];
    const auto report = [&] { return n.bridge->all<members_report>().back(); };
    n.tell(n.node.fanouts[0], recount{n.id_of(room_of("a")), asker});
    CHECK(report().channel == n.id_of(room_of("a")));
    CHECK(report().members == std::vector<session_ptr>{ann.session});
    CHECK(report().connections == std::vector{ann.address});
    n.tell(n.node.fanouts[0], recount{n.id_of(room_of("empty")), asker});
    CHECK(report().channel == n.id_of(room_of("empty")));
    CHECK(report().members.empty());
  }

  TEST_CASE("a connection that dies of a fault is let go, the others live on") {
    client_node n;
    const auto ann = n.open("ann", {"a"});
    const auto bob = n.open("bob", {"a"});
    ann.address.stop();
    n.run();
    CHECK_FALSE(ann.line->open);
    REQUIRE(n.bridge->all<left>().size() == 1);
    CHECK(n.bridge->all<left>()[0].ended);
    n.publish("a", "x");
    CHECK(bob.events() == texts{"x"});
  }
}

}  // namespace starling::actors::test
