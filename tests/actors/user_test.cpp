#include "actors/room/user.hpp"

#include "cluster/foreign_messages.hpp"
#include "tests/actors/actor_fixture.hpp"

namespace starling::actors::test {

namespace {

struct user_node : test_node {
  explicit user_node(session_policy policy = {}, bool clustered = true) {
    node.options.sessions = policy;
    node.clustered = clustered;
    user = spawn<user_inbox, actors::user>(std::ref(node),
                                           std::make_shared<channel>(user_channel(acme, "ann")),
                                           channel_id{4}, sequence{0});
  }

  /// A session with a journal of its own.
  struct guest {
    ticket_ptr ticket;
    std::shared_ptr<journal> told;
    std::uint64_t number = 0;
    bool closed_for(close_code why) const {
      const auto& all = told->all<close_session>();
      return all.size() == 1 && all[0].code == why;
    }
    bool refused_for(close_code why) const {
      const auto& all = told->all<refused>();
      return all.size() == 1 && all[0].why.code == why;
    }
  };
  guest make_guest(const std::string& device = {}) {
    guest out{make_opening("ann", {}, device), std::make_shared<journal>(), ++guests};
    out.ticket->connection = record<connection_inbox>(out.told);
    return out;
  }
  guest arrive(const std::string& device = {}) {
    auto out = make_guest(device);
    tell(user, admission_of(out));
    return out;
  }
  static admit admission_of(const guest& of) {
    return {of.number, of.ticket->session, of.ticket->connection};
  }
  void leave(const guest& guest) { tell(user, detach_member{guest.ticket->session->id}); }
  bool was_admitted(const guest& guest) {
    for (const auto& a : bridge->all<admitted>())
      if (a.number == guest.number) return true;
    return false;
  }
  bool was_turned_away(const guest& guest) {
    for (const auto& a : bridge->all<turned_away>())
      if (a.number == guest.number) return true;
    return false;
  }
  void hear(const user_control& control) {
    tell(user, engine_control{user_channel(acme, "ann"), encode(control)});
  }
  user_session elsewhere(std::int64_t opened_ns, const std::string& device = {}) {
    return {session_id::make(2), opened_ns, device_id{device}, node_id{"n2"}, nullptr};
  }
  std::vector<user_control> said() {
    std::vector<user_control> out;
    for (const auto& [channel, text] : engine.controls) {
      CHECK(channel == user_channel(acme, "ann"));
      out.push_back(decode_user_control(text).value());
    }
    return out;
  }

  handle<user_inbox> user;
  std::uint64_t guests = 0;
};

}  // namespace

TEST_SUITE("actors/user") {
  TEST_CASE("a device that comes back replaces its old session") {
    user_node n;
    const auto old = n.arrive("phone");
    const auto other = n.arrive("laptop");
    const auto fresh = n.arrive("phone");
    CHECK(n.was_admitted(fresh));
    CHECK(old.closed_for(close_code::replaced));
    CHECK(other.told->all<close_session>().empty());
  }

  TEST_CASE("beyond the limit the oldest session is closed") {
    user_node n({2, false});
    const auto first = n.arrive();
    const auto second = n.arrive();
    const auto third = n.arrive();
    CHECK(first.closed_for(close_code::session_limit));
    CHECK_FALSE(first.told->all<close_session>()[0].reconnect.value_or(false));
    CHECK(second.told->all<close_session>().empty());
    CHECK(n.was_admitted(third));
  }

  TEST_CASE("with reject-new the newcomer is refused and may come back in a minute") {
    user_node n({1, true}, false);
    const auto first = n.arrive();
    const auto second = n.arrive();
    CHECK(n.was_admitted(first));
    CHECK(second.refused_for(close_code::session_limit));
    CHECK(second.told->all<refused>()[0].why.reconnect);
    CHECK(second.told->all<refused>()[0].why.retry >= std::chrono::seconds(30));
    CHECK(n.was_turned_away(second));
    CHECK_FALSE(n.was_admitted(second));
    CHECK(first.told->all<close_session>().empty());
  }

  TEST_CASE("a refused newcomer takes nobody's place") {
    user_node n({1, true}, false);
    const auto first = n.arrive();
    n.arrive();
    n.leave(first);
    CHECK(n.was_admitted(n.arrive()));
  }

  TEST_CASE("the first session asks the other nodes, the next only tell") {
    user_node n;
    const auto first = n.arrive("phone");
    const auto second = n.arrive();
    const auto told = n.said();
    REQUIRE(told.size() == 2);
    CHECK(told[0].from == node_id{"n1"});
    CHECK(told[0].ask);
    REQUIRE(told[0].opened.size() == 1);
    CHECK(told[0].opened[0].id == first.ticket->session->id);
    CHECK(told[0].opened[0].opened_ns == first.ticket->session->opened_ns);
    CHECK(told[0].opened[0].device == device_id{"phone"});
    CHECK_FALSE(told[1].ask);
    CHECK(told[1].opened.back().id == second.ticket->session->id);
  }

  TEST_CASE("more sessions than one message may tell of are told in several") {
    user_node n({5'000, false});
    for (std::size_t i = 0; i < max_sessions_told + 10; ++i) n.arrive();
    n.engine.controls.clear();
    n.hear({node_id{"n2"}, true, {}, {}});
    const auto told = n.said();
    REQUIRE(told.size() == 2);
    CHECK(told[0].opened.size() == max_sessions_told);
    CHECK(told[1].opened.size() == 10);
    CHECK_FALSE(told[0].ask);
  }

  TEST_CASE("while a newcomer waits others cannot tell of sessions without end") {
    user_node n({1, true});
    const auto waiting = n.make_guest();
    n.send(n.user, user_node::admission_of(waiting));
    const auto before = cluster::refused(cluster::refusal::overload);
    for (int i = 0; i < 15; ++i) {
      user_control told{node_id{"n2"}, false, {}, {}};
      for (std::size_t k = 0; k < max_sessions_told; ++k) told.opened.push_back(n.elsewhere(5));
      n.send(n.user, engine_control{user_channel(acme, "ann"), encode(told)});
    }
    n.run();
    CHECK(cluster::refused(cluster::refusal::overload) > before);
  }

  TEST_CASE("a node that is alone tells nobody") {
    user_node n({}, false);
    n.arrive();
    CHECK(n.engine.controls.empty());
  }

  TEST_CASE("who asks is told of this node's sessions only") {
    user_node n;
    const auto here = n.arrive();
    n.hear({node_id{"n2"}, false, {n.elsewhere(5)}, {}});
    n.engine.controls.clear();
    n.hear({node_id{"n3"}, true, {}, {}});
    const auto told = n.said();
    REQUIRE(told.size() == 1);
    CHECK_FALSE(told[0].ask);
    REQUIRE(told[0].opened.size() == 1);
    CHECK(told[0].opened[0].id == here.ticket->session->id);
  }

  TEST_CASE("a newer session of the same device on another node replaces the one here") {
    user_node n;
    const auto here = n.arrive("phone");
    n.hear({node_id{"n2"}, false, {n.elsewhere(n.clock_ns + 1, "phone")}, {}});
    CHECK(here.closed_for(close_code::replaced));
  }

  TEST_CASE("an older session of the same device on another node does not") {
    user_node n;
    const auto here = n.arrive("phone");
    n.hear({node_id{"n2"}, false, {n.elsewhere(1, "phone")}, {}});
    CHECK(here.told->all<close_session>().empty());
  }

  TEST_CASE("sessions of all nodes count for the limit until they end") {
    user_node n({2, false});
    const auto abroad = n.elsewhere(1);
    n.hear({node_id{"n2"}, false, {abroad}, {}});
    const auto first = n.arrive();
    n.hear({node_id{"n2"}, false, {}, {abroad.id}});
    n.arrive();
    CHECK(first.told->all<close_session>().empty());
    n.hear({node_id{"n2"}, false, {n.elsewhere(n.clock_ns + 1)}, {}});
    CHECK(first.closed_for(close_code::session_limit));
  }

  TEST_CASE("a node that is gone takes its sessions along") {
    user_node n({2, false});
    const auto first = n.arrive();
    n.hear({node_id{"n2"}, false, {n.elsewhere(n.clock_ns + 1)}, {}});
    n.tell(n.user, node_gone{node_id{"n2"}});
    n.arrive();
    CHECK(first.told->all<close_session>().empty());
  }

  TEST_CASE("with reject-new an older session elsewhere wins over a newcomer here") {
    user_node n({1, true});
    const auto here = n.make_guest();
    n.send(n.user, n.admission_of(here));
    n.send(n.user, engine_control{user_channel(acme, "ann"),
                                  encode({node_id{"n2"}, false, {n.elsewhere(1)}, {}})});
    n.run();
    CHECK(here.refused_for(close_code::session_limit));
    CHECK(n.was_turned_away(here));
    CHECK(n.said().back().closed == std::vector{here.ticket->session->id});
  }

  TEST_CASE("with reject-new a second newcomer waits for objections as the first does") {
    user_node n({1, true});
    const auto first = n.make_guest();
    const auto second = n.make_guest();
    n.send(n.user, n.admission_of(first));
    n.send(n.user, n.admission_of(second));
    n.send(n.user, engine_control{user_channel(acme, "ann"),
                                  encode({node_id{"n2"}, false, {n.elsewhere(1)}, {}})});
    n.run();
    CHECK(first.refused_for(close_code::session_limit));
    CHECK(second.refused_for(close_code::session_limit));
  }

  TEST_CASE("the end of a session is told to the other nodes") {
    user_node n;
    const auto here = n.arrive();
    n.engine.controls.clear();
    n.leave(here);
    CHECK(n.said().back().closed == std::vector{here.ticket->session->id});
  }

  TEST_CASE("words that are not ours change nothing") {
    user_node n;
    const auto here = n.arrive();
    n.tell(n.user, engine_control{user_channel(acme, "ann"), "rubbish"});
    CHECK(here.told->all<close_session>().empty());
  }

  TEST_CASE("what was sent to the user is kept for replays, and only for those") {
    user_node n;
    const auto here = n.arrive();
    for (sequence seq = 1; seq <= 3; ++seq) n.tell(n.user, inbound{make_publication("x", seq)});
    CHECK(n.fanouts[0]->all<fan_out>().empty());
    n.tell(n.user, replay_wanted{here.ticket->connection, 5, 1, {7, 3}, false});
    REQUIRE(here.told->all<replay_part>().size() == 1);
    const auto& part = here.told->all<replay_part>()[0];
    CHECK(part.request == 5);
    CHECK(part.id == 4);
    CHECK(data_of(part.events) == texts{"2", "3"});
    CHECK(part.store_after == part.store_up_to);
  }

  TEST_CASE("a change of the user's rooms is told to all its sessions here, and to nobody later") {
    user_node n;
    const auto first = n.arrive();
    const auto second = n.arrive();
    const auto gone = n.arrive();
    n.leave(gone);
    n.hear({node_id{"n2"}, false, {n.elsewhere(5)}, {}});
    n.tell(n.user, roster_changed{acme, user_id{"ann"}, "a", true, 9});
    for (const auto& each : {first, second}) {
      REQUIRE(each.told->all<roster_changed>().size() == 1);
      CHECK(each.told->all<roster_changed>()[0].room == "a");
      CHECK(each.told->all<roster_changed>()[0].since == 9);
    }
    CHECK(gone.told->all<roster_changed>().empty());
  }

  TEST_CASE("a rebuilt user learns its sessions from a report and counts them") {
    user_node n({1, false});
    const auto here = n.make_guest();
    n.tell(n.user, members_report{4, {here.ticket->session}, {here.ticket->connection}});
    const auto fresh = n.arrive();
    CHECK(n.was_admitted(fresh));
    CHECK(here.closed_for(close_code::session_limit));
  }

  TEST_CASE("a fault is reported to the bridge") {
    user_node n;
    n.user.stop();
    n.run();
    REQUIRE(n.bridge->all<channel_died>().size() == 1);
    CHECK(n.bridge->all<channel_died>()[0].channel == 4);
    CHECK(n.bridge->all<channel_died>()[0].actor == n.user.id());
  }
}

}  // namespace starling::actors::test
