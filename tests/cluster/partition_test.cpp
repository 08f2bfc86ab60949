#include "cluster/partition.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace starling;
using namespace starling::cluster;

TEST_SUITE_BEGIN("cluster/partition");

TEST_CASE("a tenant's partition is the same for ever") {
  const auto at = [](const char* name, std::size_t partitions) {
    return index_of(partition_of(tenant_id(name), partitions));
  };
  for (const auto* name : {"", "default", "acme"}) CHECK(at(name, 1) == 0);
  // FNV-1a, 64 bits: "" cbf29ce484222325, "a" af63dc4c8601ec8c, "foobar" 85944171f73967e8.
  CHECK(at("", 7) == 0xcbf29ce484222325 % 7);
  CHECK(at("a", 64) == 0xaf63dc4c8601ec8c % 64);
  CHECK(at("foobar", 3) == 0x85944171f73967e8 % 3);
  CHECK(at("a", 3) == 0xaf63dc4c8601ec8c % 3);
}

TEST_CASE("tenants spread over all partitions") {
  std::vector<int> tenants(8);
  for (int i = 0; i < 800; ++i)
    ++tenants.at(index_of(partition_of(tenant_id("tenant" + std::to_string(i)), 8)));
  for (const int in_one : tenants) {
    CHECK(in_one > 50);
    CHECK(in_one < 200);
  }
}

TEST_CASE("nodes have a tenant of their own in every partition") {
  CHECK(node_tenant(partition_id{0}, 1) == tenant_id("-"));
  for (const std::size_t partitions : {std::size_t{3}, max_partitions})
    for (std::size_t i = 0; i < partitions; ++i) {
      const auto name = node_tenant(partition_id(i), partitions);
      CHECK(name.str().starts_with("-"));
      CHECK(valid_tenant(name.str()));
      CHECK(index_of(partition_of(name, partitions)) == i);
    }
}

TEST_SUITE_END();
