// A store in several parts: each with an order of its own, and a number that stays.
#include <doctest/doctest.h>

#include "tests/cluster/engines.hpp"

using namespace starling;
using namespace starling::test;

namespace {

constexpr std::size_t partitions = 3;

/// A tenant of each partition.
std::vector<tenant_id> tenants() {
  std::vector<tenant_id> out;
  for (std::size_t i = 0; i < partitions; ++i)
    out.push_back(cluster::node_tenant(cluster::partition_id(i), partitions));
  return out;
}

/// A node of the shared server that may not come up.
struct parted_node {
  parted_node(const std::string& stream, std::size_t count) {
    cluster::nats_options options;
    options.url = shared_server().url();
    options.stream = stream;
    options.partitions = count;
    engine = cluster::make_nats_engine(node_id("n"), options);
    engine->messages().start(heard);
  }
  ~parted_node() { engine->messages().stop(); }
  std::string refusal() {
    heard.eventually([&] { return heard.up || !heard.misconfigured.empty(); });
    const std::lock_guard hold(heard.mutex);
    return heard.misconfigured;
  }

  recorder heard;
  std::unique_ptr<cluster::engine> engine;
};

}  // namespace

TEST_SUITE_BEGIN("cluster/partitions");

TEST_CASE_TEMPLATE("each partition counts for itself, and says which one an event is of", Maker,
                   memory_engine_maker<partitions>, nats_engine_maker<partitions>) {
  running_engine<Maker> node;
  REQUIRE(node.engine->partitions() == partitions);
  for (const auto& tenant : tenants()) {
    node.engine->messages().follow(shared(room_channel(tenant, "a")));
    REQUIRE(state(*node.engine, tenant).ok());
  }
  // The first tenant's partition gets one event, the second's two, and so on.
  std::size_t total = 0;
  for (std::size_t i = 0; i < partitions; ++i)
    for (std::size_t k = 0; k <= i; ++k, ++total) {
      const auto ack = append(*node.engine, make_event(room_channel(tenants()[i], "a"), "1"));
      REQUIRE(ack.ok());
      CHECK(ack->seq == k + 1);
    }
  REQUIRE(node.heard.eventually([&] { return node.heard.stored.size() == total; }));
  for (std::size_t i = 0; i < partitions; ++i) {
    const auto channel = room_channel(tenants()[i], "a");
    CHECK(node.heard.stored_in[cluster::partition_id(i)] == static_cast<int>(i) + 1);
    CHECK(state(*node.engine, channel.tenant)->last == i + 1);
    CHECK(read(*node.engine, channel, 0, 100, 100)->events.size() == i + 1);
    CHECK(last(*node.engine, channel).value() == i + 1);
  }
}

TEST_CASE_TEMPLATE("what is not stored goes by the tenant's partition too", Maker,
                   memory_engine_maker<partitions>, nats_engine_maker<partitions>) {
  running_engine<Maker> node;
  for (const auto& tenant : tenants()) {
    const auto channel = room_channel(tenant, "a");
    node.engine->messages().follow(shared(channel));
    REQUIRE(state(*node.engine, tenant).ok());
    REQUIRE(node.engine->messages().send_ephemeral(make_event(channel, tenant.str())).ok());
  }
  CHECK(node.heard.eventually([&] { return node.heard.ephemeral.size() == partitions; }));
}

TEST_CASE("a partition that begins anew leaves the others their epoch") {
  running_engine<nats_engine_maker<partitions>> node;
  std::vector<epoch_id> before;
  for (const auto& tenant : tenants()) before.push_back(state(*node.engine, tenant)->epoch);
  // The engine's stream is the latest that was named.
  delete_stream(shared_server(), latest_stream() + "-p1");
  REQUIRE(node.heard.eventually([&] { return node.heard.ups == 2; }));
  for (std::size_t i = 0; i < partitions; ++i) {
    const auto now = state(*node.engine, tenants()[i]);
    REQUIRE(now.ok());
    CHECK((now->epoch == before[i]) == (i != 1));
  }
}

TEST_CASE("a node with another number of partitions than the store is told so, and what to do") {
  const auto refused = [](std::size_t has, std::size_t configured) {
    const auto stream = fresh_stream();
    REQUIRE(parted_node(stream, has).refusal() == "");
    const auto why = parted_node(stream, configured).refusal();
    CHECK(why.find("has " + std::to_string(has) + " partition") != why.npos);
    CHECK(why.find("nats.partitions = " + std::to_string(configured) + " ") != why.npos);
    CHECK(why.find("delete its streams") != why.npos);
    // The store is as it was.
    CHECK(parted_node(stream, has).refusal() == "");
  };
  refused(1, 3);
  refused(3, 1);
  refused(3, 2);
  refused(2, 3);
}

TEST_CASE("another's stream of a similar name says nothing of the number of partitions") {
  const auto stream = fresh_stream();
  REQUIRE(parted_node(stream + "-p0", 1).refusal() == "");
  CHECK(parted_node(stream, 1).refusal() == "");
}

TEST_SUITE_END();
