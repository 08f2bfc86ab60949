#include "actors/roster/node_table.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <random>
#include <set>
#include <string>

namespace starling::actors::test {

namespace {

struct named {
  std::string text;
  std::string_view name() const { return text; }
};

}  // namespace

TEST_SUITE("actors/node_table") {
  TEST_CASE("it holds what a set would, whatever comes and goes") {
    node_table<named> table;
    std::deque<named> nodes;
    for (int i = 0; i < 400; ++i) nodes.push_back({"user-" + std::to_string(i)});
    std::set<const named*> there;
    std::mt19937 random(7);
    for (int step = 0; step < 20'000; ++step) {
      // Full and empty in turns.
      auto& node = nodes[random() % (step % 4000 < 2000 ? 400U : 20U)];
      if (there.contains(&node)) {
        table.erase(&node);
        there.erase(&node);
      } else {
        table.insert(&node);
        there.insert(&node);
      }
      if (step % 50 != 0) continue;
      for (auto& each : nodes) REQUIRE((table.find(each.text) == &each) == there.contains(&each));
      std::size_t count = 0;
      table.for_each([&](const named& each) { count += there.contains(&each) ? 1 : 1000; });
      REQUIRE(count == there.size());
      REQUIRE(table.empty() == there.empty());
    }
  }

  TEST_CASE("an empty table finds nobody") { CHECK(node_table<named>{}.find("ann") == nullptr); }
}

}  // namespace starling::actors::test
