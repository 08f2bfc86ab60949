#include "actors/base/loop_shares.hpp"

#include <doctest/doctest.h>

#include <numeric>

using namespace starling::actors;

TEST_SUITE("actors/loop_shares") {
  TEST_CASE("shares are parts of one, whatever there is") {
    for (const std::size_t shards : {1, 2, 3, 8, 64})
      for (const std::size_t partitions : {1, 2, 7, 64}) {
        const auto shares = connection_shares(partitions, shards);
        REQUIRE(shares.size() == shards);
        CHECK(std::accumulate(shares.begin(), shares.end(), 0.0) == doctest::Approx(1));
        for (const auto share : shares) CHECK(share >= 0);
      }
    CHECK(connection_shares(3, 1) == std::vector<double>{1});
  }

  TEST_CASE("who has the bridge gets fewer, on many shards hardly any") {
    const auto two = connection_shares(1, 2);
    CHECK(two[0] < two[1]);
    CHECK(two[0] > 0.4);
    const auto eight = connection_shares(1, 8);
    CHECK(eight[0] == 0);
    CHECK(eight[1] < eight[2]);  // the roster is there
    for (std::size_t i = 3; i < 8; ++i) CHECK(eight[i] == doctest::Approx(eight[2]));
  }

  TEST_CASE("bridges have homes of their own, and the roster another, while there are enough") {
    CHECK(home_of_bridge(2, 8) == 2);
    CHECK(home_of_bridge(9, 8) == 1);
    CHECK(home_of_roster(3, 8) == 3);
    CHECK(home_of_roster(8, 8) == 0);
    CHECK(home_of_roster(1, 1) == 0);
  }
}
