#include "actors/ingest/ingester.hpp"

#include "tests/actors/actor_fixture.hpp"
#include "tests/net/mapping_fixture.hpp"

#include "net/base/user_mark.hpp"

namespace starling::actors::test {

namespace {

using starling::test::rules;
using starling::test::text;
using starling::test::written_keys;

/// Notes what was settled; the test says whether this node holds the source.
struct fake_feed final : cluster::foreign_feed {
  void start(std::vector<cluster::foreign_source>, cluster::foreign_listener&) override {}
  void leave() override {}
  void stop() override {}
  bool holds(std::size_t) const noexcept override { return held; }
  void settle(std::size_t, std::uint64_t number) override { settled.push_back(number); }
  void tell(std::string words) override { told.push_back(std::move(words)); }
  std::vector<cluster::foreign_source_state> states() const override { return {}; }

  bool held = true;
  std::vector<std::uint64_t> settled;
  texts told;
};

using numbers = std::vector<std::uint64_t>;

const std::vector<written_keys> one_rule{{{"subject", text("s")},
                                          {"room", text("{/room}")},
                                          {"users", text("{/users}")},
                                          {"exclude", text("{/not}")},
                                          {"id", text("{/id}")},
                                          {"event", text("note")},
                                          {"ephemeral", text("{/light}")},
                                          {"data", text("{/n}")}}};

struct ingesting_node : test_node {
  explicit ingesting_node(const std::vector<written_keys>& all = one_rule, std::string stream = {})
      : shared(all.size()) {
    node.partitions[0].epoch = 7;
    node.partitions[0].position = 50;
    ingester = spawn<ingester_inbox, actors::ingester>(
        std::ref(node), std::make_shared<const net::rule_set>(rules(all)), std::ref(shared),
        std::ref(feed), std::size_t{0}, std::move(stream));
  }
  void hear(std::uint64_t number, const std::string& body) {
    tell(ingester, foreign_arrived{{0, number, "s", body, ""}});
  }
  void stored(sequence seq, bool duplicate = false) {
    take_oldest(engine.appends).done(cluster::append_ack{7, seq, duplicate});
    run();
  }
  void not_stored(errc why) {
    take_oldest(engine.appends).done(error{why, "no"});
    run();
  }
  std::uint64_t count(net::mapping_result result) const { return shared.counts.all(result); }

  ingestion_state shared;
  fake_feed feed;
  handle<ingester_inbox> ingester;
};

}  // namespace

TEST_SUITE("actors/ingester") {
  TEST_CASE("a message is settled when the store has its event") {
    ingesting_node n;
    n.hear(1, R"({"room":"a","id":"x","n":5,"not":"bob"})");
    REQUIRE(n.engine.appends.size() == 1);
    const auto& event = n.engine.appends[0].event;
    CHECK(event.channel == room_channel(tenant_id("default"), "a"));
    CHECK(event.name == "note");
    CHECK(event.data == "5");
    CHECK(event.id == "x");
    CHECK(event.exclude == std::vector<session_id>{user_mark("bob")});
    CHECK(n.engine.appends[0].event.id == "x");
    CHECK(n.feed.settled.empty());
    n.stored(51);
    CHECK(n.feed.settled == numbers{1});
    CHECK(n.count(net::mapping_result::ok) == 1);
    CHECK(n.shared.counts.of(0, net::mapping_result::ok) == 1);
    CHECK(n.metrics.events_in[static_cast<std::size_t>(event_source::mapping)].get() == 1);
  }

  TEST_CASE("what the store had already counts as duplicate, and not as an event") {
    ingesting_node n;
    n.hear(1, R"({"room":"a","id":"x","n":5})");
    n.stored(40, true);
    CHECK(n.feed.settled == numbers{1});
    CHECK(n.count(net::mapping_result::duplicate) == 1);
    CHECK(n.metrics.events_in[static_cast<std::size_t>(event_source::mapping)].get() == 0);
  }

  TEST_CASE("room and users get it once: who is in the room is left out of the users' copies") {
    ingesting_node n;
    n.hear(1, R"({"room":["a","b"],"users":[1,2],"id":"x","n":5})");
    REQUIRE(n.engine.appends.size() == 4);
    CHECK(n.engine.appends[1].event.earlier_targets == texts{"a"});
    CHECK(n.engine.appends[2].event.channel == user_channel(tenant_id("default"), "1"));
    CHECK(n.engine.appends[2].event.earlier_targets == texts{"a", "b"});
    for (sequence seq = 51; seq < 54; ++seq) n.stored(seq);
    CHECK(n.feed.settled.empty());
    n.stored(54);
    CHECK(n.feed.settled == numbers{1});
    CHECK(n.metrics.events_in[static_cast<std::size_t>(event_source::mapping)].get() == 1);
  }

  TEST_CASE("when the store does not take one, later ones wait and it goes first, under its id") {
    ingesting_node n;
    n.hear(1, R"({"room":"a","id":"x","n":1})");
    n.hear(2, R"({"room":"a","n":2})");
    const auto made = n.engine.appends[1].event.id;
    CHECK_FALSE(made.empty());
    n.not_stored(errc::unavailable);
    n.hear(3, R"({"room":"a","id":"z","n":3})");
    CHECK(n.engine.appends.size() == 1);  // that of 2 is still under way: no retry before it ends
    n.not_stored(errc::timeout);
    REQUIRE(n.engine.appends.size() == 3);
    CHECK(n.engine.appends[0].event.id == "x");
    CHECK(n.engine.appends[1].event.id == made);
    CHECK(n.engine.appends[2].event.id == "z");
    CHECK(n.feed.settled.empty());
    for (sequence seq = 51; seq < 54; ++seq) n.stored(seq);
    CHECK(n.feed.settled == numbers{1, 2, 3});
  }

  TEST_CASE("what arrives before it is heard that one was not taken waits for that one as well") {
    ingesting_node n;
    n.hear(1, R"({"room":"a","id":"x","n":1})");
    REQUIRE(n.engine.appends.size() == 1);
    // In the ingester's queue the answer is behind the next message.
    n.send(n.ingester, foreign_arrived{{0, 2, "s", R"({"room":"a","id":"y","n":2})", ""}});
    n.not_stored(errc::unavailable);
    REQUIRE(n.engine.appends.size() == 2);
    CHECK(n.engine.appends[0].event.id == "x");
    CHECK(n.engine.appends[1].event.id == "y");
  }

  TEST_CASE("of several events only those are tried again that were not stored") {
    ingesting_node n;
    n.hear(1, R"({"room":["a","b"],"id":"x","n":1})");
    n.stored(51);
    n.not_stored(errc::unavailable);
    REQUIRE(n.engine.appends.size() == 1);
    CHECK(n.engine.appends[0].event.channel.name == "b");
    n.stored(52);
    CHECK(n.feed.settled == numbers{1});
  }

  TEST_CASE("what can never be stored is settled and counted as bad") {
    ingesting_node n;
    n.hear(1, R"({"room":"a","id":"x","n":1})");
    n.not_stored(errc::too_large);
    CHECK(n.feed.settled == numbers{1});
    CHECK(n.count(net::mapping_result::bad) == 1);
    n.hear(2, "no json");
    CHECK(n.feed.settled == numbers{1, 2});
    CHECK(n.count(net::mapping_result::bad) == 2);
  }

  TEST_CASE("ephemeral events go out at once, and again when the engine was away") {
    ingesting_node n;
    n.hear(1, R"({"room":"a","n":1,"light":true})");
    CHECK(n.engine.ephemeral.size() == 1);
    CHECK(n.feed.settled == numbers{1});
  }

  TEST_CASE("a message of a stream without an id has one that is the same on every node") {
    auto with_stream = one_rule;
    with_stream[0].emplace_back("stream", text("S"));
    ingesting_node n(with_stream, "S");
    n.hear(17, R"({"room":"a","n":1})");
    REQUIRE(n.engine.appends.size() == 1);
    CHECK(n.engine.appends[0].event.id == "S-17");
  }

  TEST_CASE("a node that is relieved forgets what is under way; late answers change nothing") {
    ingesting_node n;
    n.hear(1, R"({"room":"a","id":"x","n":1})");
    n.tell(n.ingester, source_relieved{});
    n.stored(51);
    CHECK(n.feed.settled.empty());
    n.feed.held = false;
    n.hear(2, R"({"room":"a","id":"y","n":1})");
    CHECK(n.engine.appends.empty());
    n.feed.held = true;
    n.hear(1, R"({"room":"a","id":"x","n":1})");
    n.stored(51, true);
    CHECK(n.feed.settled == numbers{1});
  }

  TEST_CASE("a message without a tenant is its room's, else its people's") {
    ingesting_node n({{{"subject", text("s")},
                       {"tenant", text("{/t}")},
                       {"room", text("{/room}")},
                       {"users", text("{/users}")},
                       {"about", text("{/by}")}}});
    auto& tenants = n.shared.tenants;
    tenants.room_seen(tenant_id("A"), "known");
    tenants.user_seen(tenant_id("A"), "ann");
    tenants.user_seen(tenant_id("B"), "bob");
    std::uint64_t number = 0;
    const auto channels = [&](const std::string& body) {
      n.engine.appends.clear();
      n.hear(++number, body);
      std::string out;
      for (const auto& each : n.engine.appends)
        out += each.event.channel.tenant.str() + '/' + each.event.channel.name + ' ';
      return out;
    };
    CHECK(channels(R"({"room":"known"})") == "A/known ");
    CHECK(channels(R"({"room":"new","users":["ann"]})") == "A/new A/ann ");
    CHECK(channels(R"({"room":"new2","by":"bob"})") == "B/new2 ");
    CHECK(channels(R"({"room":"new3","users":["ann","bob","eve"]})") == "A/ann B/bob ");
    CHECK(channels(R"({"room":"new4"})").empty());
    CHECK(n.count(net::mapping_result::bad) == 1);
    CHECK(channels(R"({"room":"taught","t":"C"})") == "C/taught ");
    CHECK(channels(R"({"room":"taught"})") == "C/taught ");
  }

  TEST_CASE("who has left a room gets nothing of it, and who is a member gets it there") {
    ingesting_node n({{{"subject", text("s")},
                       {"tenant", text("{/t}")},
                       {"room", text("r")},
                       {"users", text("{/users}")}}});
    const auto entry = [](const std::string& user) {
      return cluster::roster_entry{tenant_id("A"), "r", user, 0, 0};
    };
    n.shared.tenants.member_added(entry("member"));
    n.shared.tenants.member_added(entry("left"));
    n.shared.tenants.member_removed(entry("left"));
    n.hear(1, R"({"t":"A","users":["member","left","other"]})");
    REQUIRE(n.engine.appends.size() == 2);
    CHECK(n.engine.appends[0].event.channel.name == "r");
    CHECK(n.engine.appends[1].event.channel.name == "other");
  }

  TEST_CASE("a node answers others' questions and believes their answers") {
    ingesting_node n(
        {{{"subject", text("s")}, {"tenant", text("{/t}")}, {"room", text("{/room}")}}});
    n.tell(n.ingester, tenants_told{"ask 0 1 n2\nroom mine\n"});
    CHECK(n.feed.told == texts{"facts 0 1 n2\n"});
    n.feed.told.clear();
    n.shared.tenants.room_seen(tenant_id("A"), "mine");
    n.tell(n.ingester, tenants_told{"ask 0 2 n2\nroom mine\nnonsense\n"});
    CHECK(n.feed.told == texts{"facts 0 2 n2\nroom mine A\n"});
    n.tell(n.ingester, tenants_told{"facts 0 9 n1\nroom theirs B\nroom x y z\n\n"});
    n.hear(1, R"({"room":"theirs"})");
    REQUIRE(n.engine.appends.size() == 1);
    CHECK(n.engine.appends[0].event.channel.tenant == tenant_id("B"));
  }

  TEST_CASE("membership changes go to the roster") {
    ingesting_node n({{{"subject", text("s")},
                       {"room", text("{/room}")},
                       {"users", text("{/user}")},
                       {"member", text("add")}}});
    n.hear(1, R"({"room":"a","user":7})");
    CHECK(n.engine.appends.empty());
    CHECK(n.feed.settled == numbers{1});
    CHECK(n.count(net::mapping_result::ok) == 1);
  }
}

}  // namespace starling::actors::test
