#include <doctest/doctest.h>

#include <algorithm>

#include "tests/cluster/engines.hpp"

using namespace starling;
using namespace starling::test;
using cluster::roster_entry;

namespace {

roster_entry member(const std::string& room, const std::string& user, std::int64_t since_ms = 5) {
  return {tenant_id("acme"), room, user, since_ms, 77};
}

result<roster_entry> put(cluster::engine& engine, const roster_entry& entry) {
  return wait_for<roster_entry>([&](auto done) { engine.roster().put(entry, std::move(done)); });
}
result<bool> erase(cluster::engine& engine, const roster_entry& entry) {
  return wait_for<bool>([&](auto done) {
    engine.roster().erase(entry.tenant, entry.room, entry.user, std::move(done));
  });
}

template <class Maker>
struct running_roster : running_engine<Maker> {
  running_roster() {
    this->engine->roster().start(this->heard);
    REQUIRE(this->heard.eventually([this] { return this->heard.snapshots == 1; }));
  }
};

}  // namespace

TEST_SUITE_BEGIN("cluster/roster");

#define BOTH_ENGINES memory_engine_maker<>, nats_engine_maker<>

TEST_CASE_TEMPLATE("a new member is announced with the time it began", Maker, BOTH_ENGINES) {
  running_roster<Maker> node;
  CHECK(node.heard.roster.empty());
  const auto kept = put(*node.engine, member("chat:7", "ann@x.org"));
  REQUIRE(kept.ok());
  CHECK(kept->since_ms == 5);
  REQUIRE(node.heard.eventually([&] { return node.heard.added.size() == 1; }));
  const auto& added = node.heard.added.front();
  CHECK(added.tenant == tenant_id("acme"));
  CHECK(added.room == "chat:7");
  CHECK(added.user == "ann@x.org");
  CHECK(added.since_ms == 5);
  CHECK(added.since_seq == 77);
}

TEST_CASE_TEMPLATE("a membership that exists keeps its beginning", Maker, BOTH_ENGINES) {
  running_roster<Maker> node;
  REQUIRE(put(*node.engine, member("a", "ann", 5)).ok());
  const auto again = put(*node.engine, member("a", "ann", 9));
  REQUIRE(again.ok());
  CHECK(again->since_ms == 5);
  // The next change shows that the second put changed nothing.
  REQUIRE(put(*node.engine, member("a", "bob")).ok());
  REQUIRE(node.heard.eventually([&] { return node.heard.added.size() >= 2; }));
  CHECK(node.heard.added.size() == 2);
  CHECK(node.heard.added.back().user == "bob");
}

TEST_CASE_TEMPLATE("an erased member is announced once and can come back", Maker, BOTH_ENGINES) {
  running_roster<Maker> node;
  REQUIRE(put(*node.engine, member("a", "ann", 5)).ok());
  const auto gone = erase(*node.engine, member("a", "ann"));
  REQUIRE(gone.ok());
  CHECK(*gone);
  const auto again = erase(*node.engine, member("a", "ann"));
  REQUIRE(again.ok());
  CHECK_FALSE(*again);
  REQUIRE(node.heard.eventually([&] { return node.heard.removed.size() == 1; }));
  CHECK(node.heard.removed.front().user == "ann");

  const auto back = put(*node.engine, member("a", "ann", 9));
  REQUIRE(back.ok());
  CHECK(back->since_ms == 9);
  REQUIRE(node.heard.eventually([&] { return node.heard.added.size() == 2; }));
  CHECK(node.heard.removed.size() == 1);
}

TEST_CASE_TEMPLATE("the snapshot holds the members of now, not those of before", Maker,
                   BOTH_ENGINES) {
  running_roster<Maker> node;
  REQUIRE(put(*node.engine, member("a", "ann")).ok());
  REQUIRE(put(*node.engine, member("a", "bob")).ok());
  REQUIRE(put(*node.engine, member("b", "ann")).ok());
  REQUIRE(erase(*node.engine, member("a", "bob")).ok());
  node.engine->roster().stop();
  node.engine->roster().start(node.heard);
  REQUIRE(node.heard.eventually([&] { return node.heard.snapshots == 2; }));
  std::vector<std::string> users;
  for (const auto& entry : node.heard.roster) users.push_back(entry.room + "/" + entry.user);
  std::sort(users.begin(), users.end());
  CHECK(users == std::vector<std::string>{"a/ann", "b/ann"});
}

TEST_CASE_TEMPLATE("many changes at once are stored and announced in their order", Maker,
                   BOTH_ENGINES) {
  running_roster<Maker> node;
  REQUIRE(put(*node.engine, member("a", "gone")).ok());
  std::vector<cluster::roster_change> changes{{member("a", "gone"), false}};
  for (int i = 0; i < 500; ++i) changes.push_back({member("a", "u" + std::to_string(i), 9), true});
  const auto done = wait_for<void>(
      [&](auto answer) { node.engine->roster().apply(std::move(changes), std::move(answer)); });
  REQUIRE(done.ok());
  REQUIRE(node.heard.eventually([&] { return node.heard.added.size() == 501; }));
  CHECK(node.heard.removed.size() == 1);
  CHECK(node.heard.added[1].user == "u0");
  CHECK(node.heard.added.back().user == "u499");
  CHECK(node.heard.added.back().since_ms == 9);
  // What was erased so can be told from what is there.
  const auto kept = put(*node.engine, member("a", "u7", 11));
  REQUIRE(kept.ok());
  CHECK(kept->since_ms == 9);
  const auto again = put(*node.engine, member("a", "gone", 11));
  REQUIRE(again.ok());
  CHECK(again->since_ms == 11);
}

TEST_CASE("the roster survives the server's death and is told anew") {
  nats_server server;
  cluster::nats_options options;
  options.url = server.url();
  const auto engine = cluster::make_nats_engine(node_id("a"), options);
  recorder heard;
  engine->messages().start(heard);
  engine->roster().start(heard);
  REQUIRE(heard.eventually([&] { return heard.snapshots == 1; }));
  REQUIRE(put(*engine, member("a", "ann", 5)).ok());
  server.kill();
  REQUIRE(heard.eventually([&] { return !heard.up; }));
  const auto refused = put(*engine, member("a", "bob"));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == errc::unavailable);
  server.restart();
  REQUIRE(heard.eventually([&] { return heard.snapshots == 2; }));
  REQUIRE(heard.roster.size() == 1);
  CHECK(heard.roster.front().user == "ann");
  CHECK(heard.roster.front().since_ms == 5);
  CHECK(put(*engine, member("a", "bob")).ok());
  CHECK(heard.eventually([&] { return !heard.added.empty() && heard.added.back().user == "bob"; }));
  engine->roster().stop();
  engine->messages().stop();
}

TEST_SUITE_END();
