#include <doctest/doctest.h>

#include <thread>

#include "tests/cluster/engines.hpp"

using namespace starling;
using namespace starling::test;
using position = std::optional<cursor>;

namespace {

void put(cluster::engine& engine, const std::string& user, const cursor& at) {
  engine.positions().put(acme, user, at);
}
result<position> get(cluster::engine& engine, const std::string& user,
                     const tenant_id& tenant = acme) {
  return wait_for<position>(
      [&](auto done) { engine.positions().get(tenant, user, std::move(done)); });
}

/// Asks until the answer is `wanted`: a put needs some time to reach the store. False as soon as
/// an answer is an error.
bool becomes(cluster::engine& engine, const std::string& user, const position& wanted,
             const tenant_id& tenant = acme) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < deadline) {
    const auto found = get(engine, user, tenant);
    if (!found.ok()) return false;
    if (*found == wanted) return true;
    std::this_thread::yield();
  }
  return false;
}

/// A node on a server of its own, which a test may break.
struct fragile_node {
  fragile_node() {
    cluster::nats_options options;
    options.url = server.url();
    engine = cluster::make_nats_engine(node_id("a"), options);
    engine->messages().start(heard);
    REQUIRE(heard.eventually_up());
  }
  ~fragile_node() { engine->messages().stop(); }

  nats_server server;
  recorder heard;
  std::unique_ptr<cluster::engine> engine;
};

}  // namespace

TEST_SUITE_BEGIN("cluster/positions");

#define BOTH_ENGINES memory_engine_maker<>, nats_engine_maker<>

TEST_CASE_TEMPLATE("a position comes back whole", Maker, BOTH_ENGINES) {
  running_engine<Maker> node;
  const cursor first{1'795'230'061'944, 42};
  const cursor largest{~epoch_id{0}, ~sequence{0}};
  put(*node.engine, "ann", first);
  put(*node.engine, "bob", largest);
  CHECK(becomes(*node.engine, "ann", first));
  CHECK(becomes(*node.engine, "bob", largest));
}

TEST_CASE_TEMPLATE("of a user who never was here nothing is known", Maker, BOTH_ENGINES) {
  running_engine<Maker> node;
  put(*node.engine, "ann", {1, 2});
  REQUIRE(becomes(*node.engine, "ann", cursor{1, 2}));
  for (const auto* stranger : {"bob", "an", "ann.x", ""}) {
    const auto found = get(*node.engine, stranger);
    REQUIRE(found.ok());
    CHECK_MESSAGE(!found->has_value(), stranger);
  }
  const auto elsewhere = get(*node.engine, "ann", tenant_id("other"));
  REQUIRE(elsewhere.ok());
  CHECK_FALSE(elsewhere->has_value());
}

TEST_CASE_TEMPLATE("the latest position wins, even when it is earlier", Maker, BOTH_ENGINES) {
  running_engine<Maker> node;
  for (sequence seq = 1; seq <= 200; ++seq) put(*node.engine, "ann", {7, seq});
  put(*node.engine, "ann", {7, 50});
  put(*node.engine, "last", {7, 1});
  // Puts of one node arrive in order: with this one all before it are stored.
  REQUIRE(becomes(*node.engine, "last", cursor{7, 1}));
  const auto found = get(*node.engine, "ann");
  REQUIRE(found.ok());
  CHECK(*found == cursor{7, 50});
}

TEST_CASE_TEMPLATE("odd names of users and tenants do not meet", Maker, BOTH_ENGINES) {
  running_engine<Maker> node;
  const std::vector<std::string> names{"a.b", "a",    "*",   ">",    "ann@x.org", "a b", "=",
                                       "é/ü", "\xff", "\"}", "\r\n", "a=2Eb",     "~_-:"};
  sequence seq = 0;
  for (const auto& name : names) node.engine->positions().put(acme, name, {1, ++seq});
  for (const auto& name : names) node.engine->positions().put(tenant_id(name), "ann", {2, ++seq});
  seq = 0;
  for (const auto& name : names) CHECK_MESSAGE(becomes(*node.engine, name, cursor{1, ++seq}), name);
  for (const auto& name : names)
    CHECK_MESSAGE(becomes(*node.engine, "ann", cursor{2, ++seq}, tenant_id(name)), name);
}

TEST_CASE_TEMPLATE("the rooms of a user come back whole, beside the position", Maker,
                   BOTH_ENGINES) {
  running_engine<Maker> node;
  auto& positions = node.engine->positions();
  using names = std::vector<std::string>;
  const auto rooms_are = [&](const std::string& user, const names& expected) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (;;) {
      const auto found =
          wait_for<names>([&](auto done) { positions.rooms(acme, user, std::move(done)); });
      REQUIRE(found.ok());
      if (*found == expected) return true;
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();  // a replica may lag behind
    }
  };
  const names odd{"lobby", "team/a.b:c~d@e", "a b", "é\n\"}", "*", ">"};
  CHECK(rooms_are("ann", {}));
  positions.put_rooms(acme, "ann", odd);
  put(*node.engine, "ann", {1, 2});
  REQUIRE(becomes(*node.engine, "ann", cursor{1, 2}));
  CHECK(rooms_are("ann", odd));
  names many;
  for (int i = 0; i < 1000; ++i) many.push_back(std::string(120, 'r') + std::to_string(i));
  positions.put_rooms(acme, "ann", many);
  positions.put_rooms(acme, "bob", {});
  put(*node.engine, "ann", {1, 3});
  REQUIRE(becomes(*node.engine, "ann", cursor{1, 3}));
  CHECK(rooms_are("ann", many));
  CHECK(rooms_are("bob", {}));
  positions.put_rooms(acme, "ann", {});
  put(*node.engine, "ann", {1, 4});
  REQUIRE(becomes(*node.engine, "ann", cursor{1, 4}));
  CHECK(rooms_are("ann", {}));
}

TEST_CASE_TEMPLATE("a position is forgotten with the history after it", Maker, BOTH_ENGINES) {
  running_engine<Maker> node({.positions_max_age = 1s});
  put(*node.engine, "ann", {1, 2});
  REQUIRE(becomes(*node.engine, "ann", cursor{1, 2}));
  CHECK(becomes(*node.engine, "ann", std::nullopt));
}

TEST_CASE("a new put makes a position young again") {
  running_engine<memory_engine_maker<>> node({.positions_max_age = 1s});
  put(*node.engine, "ann", {1, 1});
  put(*node.engine, "bob", {1, 1});
  put(*node.engine, "ann", {1, 2});
  // Bob's is now the oldest; when it goes, his neighbour in age must be the one that is kept.
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (get(*node.engine, "bob")->has_value() && std::chrono::steady_clock::now() < deadline) {
    put(*node.engine, "ann", {1, 3});
    std::this_thread::yield();
  }
  CHECK_FALSE(get(*node.engine, "bob")->has_value());
  CHECK(*get(*node.engine, "ann") == cursor{1, 3});
}

TEST_CASE("a name too long for a subject costs neither the connection nor an error") {
  running_engine<nats_engine_maker<>> node;
  const std::string endless(5000, 'x');
  put(*node.engine, endless, {1, 2});
  const auto found = get(*node.engine, endless);
  REQUIRE(found.ok());
  CHECK_FALSE(found->has_value());
  CHECK(node.heard.downs == 0);
}

TEST_CASE("a position that one node puts is known to the others and outlives the node") {
  cluster::nats_options options;
  options.url = shared_server().url();
  options.stream = fresh_stream();
  recorder heard_by_b;
  const auto b = cluster::make_nats_engine(node_id("b"), options);
  b->messages().start(heard_by_b);
  REQUIRE(heard_by_b.eventually_up());
  {
    recorder heard_by_a;
    const auto a = cluster::make_nats_engine(node_id("a"), options);
    a->messages().start(heard_by_a);
    REQUIRE(heard_by_a.eventually_up());
    put(*a, "ann", {3, 9});
    a->messages().stop();
  }
  CHECK(becomes(*b, "ann", cursor{3, 9}));
  b->messages().stop();
}

TEST_CASE("positions survive the server's death; while it is away they are unavailable") {
  fragile_node node;
  put(*node.engine, "ann", {3, 9});
  REQUIRE(becomes(*node.engine, "ann", cursor{3, 9}));
  node.server.kill();
  REQUIRE(node.heard.eventually([&] { return !node.heard.up; }));
  put(*node.engine, "ann", {3, 10});  // lost
  const auto refused = get(*node.engine, "ann");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == errc::unavailable);
  node.server.restart();
  REQUIRE(node.heard.eventually_up());
  const auto kept = get(*node.engine, "ann");
  REQUIRE(kept.ok());
  CHECK(*kept == cursor{3, 9});
}

TEST_CASE("before the engine is started positions are unavailable") {
  const auto engine = nats_engine_maker<>::make({});
  const auto found = get(*engine, "ann");
  REQUIRE_FALSE(found.ok());
  CHECK(found.error().code == errc::unavailable);
}

TEST_CASE("a bucket that an operator deletes is unavailable until it is made anew") {
  fragile_node node;
  put(*node.engine, "ann", {3, 9});
  REQUIRE(becomes(*node.engine, "ann", cursor{3, 9}));
  delete_stream(node.server, "KV_starling_positions");
  const auto gone = get(*node.engine, "ann");
  REQUIRE_FALSE(gone.ok());
  CHECK(gone.error().code == errc::unavailable);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  auto found = gone;
  while (!found.ok() && std::chrono::steady_clock::now() < deadline)
    found = get(*node.engine, "ann");
  REQUIRE(found.ok());
  CHECK_FALSE(found->has_value());
  put(*node.engine, "ann", {4, 1});
  CHECK(becomes(*node.engine, "ann", cursor{4, 1}));
}

TEST_SUITE_END();
