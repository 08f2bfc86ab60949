#include "actors/roster/roster.hpp"

#include "tests/actors/actor_fixture.hpp"

namespace starling::actors::test {

namespace {

struct roster_node : test_node {
  explicit roster_node(membership_options membership = {}) {
    node.options.membership = std::move(membership);
    node.roster = spawn<roster_inbox, actors::roster>(std::ref(node));
  }

  static cluster::roster_entry entry(const std::string& room, const std::string& user,
                                     sequence since = 5) {
    return {acme, room, user, 1000, since};
  }
  void load(std::vector<cluster::roster_entry> all) {
    tell(node.roster, roster_loaded{{std::move(all), true, true}});
  }
  void change(const cluster::roster_entry& entry, bool added) {
    tell(node.roster, roster_entry_changed{entry, added});
  }
  /// A join of somebody whose token allows `allowed`, as it was passed on, if it was.
  ticket_ptr ask(const texts& rooms, const texts& allowed = {}) {
    auto identity = make_identity("ann");
    identity->rooms = allowed;
    boost::intrusive_ptr session(new session_record);
    session->id = session_id::make(1);
    session->identity = identity;
    auto ticket = make_opening("ann", rooms);
    ticket->session = session;
    const auto before = passed();
    tell(node.roster, join(*ticket));
    if (passed() == before) return nullptr;
    return std::make_shared<starling::actors::test::ticket>(
        starling::actors::test::ticket{bridge->all<join>().back()});
  }
  std::vector<roster_changed>& told() { return bridge->all<roster_changed>(); }
  std::size_t passed() { return bridge->all<join>().size(); }
  static texts rooms(const ticket_ptr& ticket) {
    texts out;
    for (const auto& c : ticket->channels)
      if (c.channel->kind == channel_kind::room) out.push_back(c.channel->name);
    return out;
  }
};

/// Answers when the test says so.
struct slow_source final : cluster::membership_source {
  std::string_view name() const noexcept override { return "slow"; }
  void start(cluster::membership_listener&) override {}
  void stop() override {}
  void rooms_of_user(tenant_id, std::string user, cluster::completion<names> done) override {
    asked.push_back("rooms " + user);
    waiting.push_back(std::move(done));
  }
  void users_of_room(tenant_id, std::string room, cluster::completion<names> done) override {
    asked.push_back("users " + room);
    waiting.push_back(std::move(done));
  }
  cluster::source_state state() const override { return {}; }

  void answer(result<names> given) {
    const auto done = take_oldest(waiting);
    done(std::move(given));
  }

  texts asked;
  std::deque<cluster::completion<names>> waiting;
};

struct sourced_node : roster_node {
  explicit sourced_node(bool roster = true, std::shared_ptr<slow_source> of = make())
      : roster_node({.roster = roster, .sources = {of}}), source(std::move(of)) {
    node.tell_of_room = [this](const tenant_id&, const std::string& room, sequence) {
      elsewhere.push_back(room);
    };
  }
  ~sourced_node() { source->waiting.clear(); }
  static std::shared_ptr<slow_source> make() { return std::make_shared<slow_source>(); }

  std::shared_ptr<slow_source> source;
  texts elsewhere;
};

}  // namespace

TEST_SUITE("actors/roster") {
  TEST_CASE("joins are refused until the roster is loaded") {
    roster_node n;
    n.ask({});
    REQUIRE(n.client->all<refused>().size() == 1);
    CHECK(n.client->all<refused>()[0].why.code == close_code::overload);
    CHECK(n.client->all<refused>()[0].why.reconnect);
    CHECK(n.passed() == 0);
    CHECK_FALSE(n.node.roster_ready);
    n.load({});
    CHECK(n.node.roster_ready);
    n.ask({});
    CHECK(n.passed() == 1);
  }

  TEST_CASE("what the roster holds when it is loaded is no change, what it holds afterwards is") {
    roster_node n;
    bool awaited = false;
    n.tell(n.node.roster, await_membership{acme, "a", "ann", true, [&] { awaited = true; }});
    n.tell(n.node.roster, roster_loaded{{{n.entry("a", "ann")}, true, false}});
    CHECK(awaited);
    n.change(n.entry("b", "ann"), true);
    n.tell(n.node.roster, roster_loaded{{{n.entry("c", "ann")}, false, true}});
    CHECK(n.told().empty());
    n.load({n.entry("a", "ann"), n.entry("d", "ann")});
    CHECK(n.told().size() == 3);  // of d, and of b and c, which are gone
  }

  TEST_CASE("a join gets the user's rooms, from when the membership began") {
    roster_node n;
    n.load({n.entry("a", "ann", 5), n.entry("b", "bob"), n.entry("c", "ann", 7)});
    const auto ticket = n.ask({});
    CHECK(n.passed() == 1);
    CHECK(n.rooms(ticket) == texts{"a", "c"});
    CHECK(ticket->channels[1].since == 5);
    CHECK(ticket->channels[2].since == 7);
    CHECK(ticket->channels[1].from_roster);
  }

  TEST_CASE("rooms of another tenant are not added") {
    roster_node n;
    auto foreign = n.entry("a", "ann");
    foreign.tenant = tenant_id{"other"};
    n.load({foreign});
    CHECK(n.rooms(n.ask({})).empty());
  }

  TEST_CASE("a room that neither token nor roster allows is denied by name") {
    roster_node n;
    n.load({n.entry("b", "bob")});
    n.ask({"a", "b"}, {"a"});
    CHECK(n.passed() == 0);
    REQUIRE(n.client->all<denied>().size() == 1);
    CHECK(n.client->all<denied>()[0].why.code == errc::forbidden);
    CHECK(n.client->all<denied>()[0].why.message.find("\"b\"") != std::string::npos);
  }

  TEST_CASE("a room that both name is joined once") {
    roster_node n;
    n.load({n.entry("a", "ann")});
    const auto ticket = n.ask({"a"}, {"a"});
    CHECK(n.rooms(ticket) == texts{"a"});
    CHECK(ticket->channels[1].from_roster);
  }

  TEST_CASE("who asks for a room that only the roster allows sees nothing from before") {
    roster_node n;
    n.load({n.entry("a", "ann", 5)});
    const auto ticket = n.ask({"a"});
    CHECK(n.rooms(ticket) == texts{"a"});
    CHECK(ticket->channels[1].since == 5);
  }

  TEST_CASE("a room that the token allows is seen from its beginning") {
    roster_node n;
    n.load({n.entry("a", "ann", 5)});
    CHECK(n.ask({"a"}, {"a"})->channels[1].since == 0);
  }

  TEST_CASE("the bridge is told of changes, and only of changes") {
    roster_node n;
    n.load({});
    n.change(n.entry("a", "ann", 9), true);
    n.change(n.entry("a", "ann", 9), true);
    REQUIRE(n.told().size() == 1);
    CHECK(n.told()[0].tenant == acme);
    CHECK(n.told()[0].user == user_id{"ann"});
    CHECK(n.told()[0].room == "a");
    CHECK(n.told()[0].member);
    CHECK(n.told()[0].since == 9);
    n.change(n.entry("a", "ann"), false);
    n.change(n.entry("a", "ann"), false);
    CHECK(n.told().size() == 2);
    CHECK_FALSE(n.told()[1].member);
  }

  TEST_CASE("a reload after an outage tells what changed meanwhile") {
    roster_node n;
    n.load({n.entry("a", "ann"), n.entry("b", "ann")});
    n.told().clear();
    n.load({n.entry("b", "ann"), n.entry("c", "ann")});
    const auto& told = n.told();
    REQUIRE(told.size() == 2);
    // What is gone is known when the last part is there.
    CHECK(told[0].room == "c");
    CHECK(told[0].member);
    CHECK(told[1].room == "a");
    CHECK_FALSE(told[1].member);
  }

  TEST_CASE("who waits for a membership is called when it is there, or gone, once") {
    roster_node n;
    n.load({});
    int there = 0;
    int gone = 0;
    n.tell(n.node.roster, await_membership{acme, "a", "ann", true, [&] { ++there; }});
    CHECK(there == 0);
    n.change(n.entry("b", "ann"), true);
    CHECK(there == 0);
    n.change(n.entry("a", "ann"), true);
    CHECK(there == 1);
    n.tell(n.node.roster, await_membership{acme, "a", "ann", true, [&] { ++there; }});
    CHECK(there == 2);  // at once
    n.tell(n.node.roster, await_membership{acme, "a", "ann", false, [&] { ++gone; }});
    n.change(n.entry("a", "ann"), false);
    CHECK(gone == 1);
    n.change(n.entry("a", "ann"), true);
    CHECK(there == 2);
  }

  TEST_CASE("members and rooms can be asked for") {
    roster_node n;
    n.load({n.entry("a", "ann"), n.entry("a", "bob"), n.entry("b", "bob")});
    std::size_t members = 0;
    n.tell(n.node.roster, members_query{acme, "a", "ann", 10, [&](auto m) { members = m.size(); }});
    CHECK(members == 1);
    texts rooms;
    n.tell(n.node.roster, rooms_of_user_query{acme, "bob", [&](auto r) { rooms = std::move(*r); }});
    CHECK(rooms == texts{"a", "b"});
  }

  TEST_CASE("of many changes those are left that change anything") {
    roster_node n;
    n.load({n.entry("a", "ann"), n.entry("b", "ann")});
    std::vector<cluster::roster_change> left;
    n.tell(n.node.roster, changes_query{{{n.entry("a", "ann"), true},
                                         {n.entry("b", "ann"), false},
                                         {n.entry("c", "ann"), true},
                                         {n.entry("d", "ann"), false}},
                                        [&](auto some) { left = std::move(some); }});
    REQUIRE(left.size() == 2);
    CHECK(left[0].entry.room == "b");
    CHECK(left[1].entry.room == "c");
  }
}

TEST_SUITE("actors/roster_sources") {
  TEST_CASE("a join waits for the sources, and gets their rooms beside the roster's") {
    sourced_node n;
    n.load({n.entry("r", "ann", 7)});
    CHECK(n.ask({}) == nullptr);
    REQUIRE(n.source->asked == texts{"rooms ann"});
    n.source->answer(texts{"s", "r"});
    n.run();
    REQUIRE(n.passed() == 1);
    const auto& join = n.bridge->all<actors::join>().back();
    REQUIRE(join.channels.size() == 3);
    CHECK(join.channels[1].channel->name == "r");
    CHECK(join.channels[1].since == 0);
    CHECK(join.channels[2].channel->name == "s");
    CHECK(join.channels[2].from_roster);
  }

  TEST_CASE("a room that a source allows can be asked for, others not") {
    sourced_node n;
    n.load({});
    n.ask({"s"});
    n.source->answer(texts{"s"});
    n.run();
    CHECK(n.passed() == 1);
    n.ask({"t"});
    CHECK(n.passed() == 1);
    CHECK(n.client->all<denied>().size() == 1);
  }

  TEST_CASE("who is not known is turned away with a retry while a source is away") {
    sourced_node n;
    n.load({n.entry("r", "ann")});
    n.ask({});
    n.source->answer(error{errc::unavailable, "away"});
    n.run();
    CHECK(n.passed() == 0);
    REQUIRE(n.client->all<refused>().size() == 1);
    const auto& why = n.client->all<refused>()[0].why;
    CHECK(why.code == close_code::overload);
    CHECK(why.reconnect);
    CHECK(why.retry.count() > 0);
  }

  TEST_CASE("where the roster is no source its memberships do not count") {
    sourced_node n(false);
    n.load({n.entry("r", "ann")});
    n.ask({});
    n.source->answer(texts{"s"});
    n.run();
    REQUIRE(n.passed() == 1);
    CHECK(n.bridge->all<actors::join>().back().channels.size() == 2);
    n.change(n.entry("q", "ann"), true);
    CHECK(n.told().empty());
  }

  TEST_CASE("a membership ends when neither roster nor source knows it") {
    sourced_node n;
    n.load({n.entry("both", "ann")});
    n.ask({});
    n.source->answer(texts{"both", "s"});
    n.run();
    n.told().clear();
    n.change(n.entry("both", "ann"), false);
    CHECK(n.told().empty());
    n.tell(n.node.roster, membership_heard{{acme, "ann", {}}});
    n.source->answer(texts{"s"});
    n.run();
    REQUIRE(n.told().size() == 1);
    CHECK(n.told()[0].room == "both");
    CHECK_FALSE(n.told()[0].member);
  }

  TEST_CASE("rooms of a user are asked for where they are not known") {
    sourced_node n;
    n.load({});
    texts rooms;
    n.tell(n.node.roster, rooms_of_user_query{acme, "bob", [&](auto r) { rooms = std::move(*r); }});
    CHECK(rooms.empty());
    n.source->answer(texts{"s"});
    n.run();
    CHECK(rooms == texts{"s"});
    errc code{};
    n.tell(n.node.roster, rooms_of_user_query{acme, "cid", [&](auto r) { code = r.error().code; }});
    n.source->answer(error{errc::timeout, "late"});
    n.run();
    CHECK(code == errc::unavailable);
  }

  TEST_CASE("others are told of a room that an event named here, not of one they told of") {
    sourced_node n;
    n.load({});
    n.tell(n.node.roster, room_named{acme, "a", 9, false});
    CHECK(n.elsewhere.empty());
    n.tell(n.node.roster, room_named{acme, "b", 9, true});
    n.tell(n.node.roster, room_named{acme, "b", 10, true});
    CHECK(n.elsewhere == texts{"b"});
  }
}

}  // namespace starling::actors::test
