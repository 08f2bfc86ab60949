#include "net/front/rate_limiter.hpp"

#include <doctest/doctest.h>

using namespace starling;
using namespace starling::net;
using namespace std::chrono_literals;

namespace {
const steady_time opened = steady_time{} + 1h;
}

TEST_SUITE("net/rate_limiter") {
  TEST_CASE("a second's worth may come at once, then the rate holds") {
    rate_limiter limits;
    for (int i = 0; i < 5; ++i) CHECK_FALSE(limits.take(1, 1, 5, opened));
    const auto wait = limits.take(1, 1, 5, opened);
    REQUIRE(wait);
    CHECK(*wait == 200ms);
    CHECK(limits.take(1, 1, 5, opened + 199ms));
    CHECK_FALSE(limits.take(1, 1, 5, opened + 200ms));
  }

  TEST_CASE("keys do not share a bucket") {
    rate_limiter limits;
    CHECK_FALSE(limits.take(1, 1, 1, opened));
    CHECK(limits.take(1, 1, 1, opened));
    CHECK_FALSE(limits.take(2, 1, 1, opened));
  }

  TEST_CASE("rate 0 is no limit and remembers nothing") {
    rate_limiter limits;
    for (int i = 0; i < 100; ++i) CHECK_FALSE(limits.take(7, 1000, 0, opened));
    CHECK(limits.size() == 0);
  }

  TEST_CASE("a cost above a full bucket passes once and is paid off afterwards") {
    rate_limiter limits;
    CHECK_FALSE(limits.take(1, 100, 10, opened));
    const auto wait = limits.take(1, 1, 10, opened);
    REQUIRE(wait);
    CHECK(*wait == 9100ms);
  }

  TEST_CASE("a rate below one per second still lets one through") {
    rate_limiter limits;
    CHECK_FALSE(limits.take(1, 1, 0.5, opened));
    CHECK(limits.take(1, 1, 0.5, opened + 1s));
    CHECK_FALSE(limits.take(1, 1, 0.5, opened + 2s));
  }

  TEST_CASE("memory is bounded: filled buckets make room, others are not measured") {
    rate_limiter limits(2);
    CHECK_FALSE(limits.take(1, 1, 1, opened));
    CHECK_FALSE(limits.take(2, 1, 1, opened));
    CHECK_FALSE(limits.take(3, 1, 1, opened));
    CHECK_FALSE(limits.take(3, 1, 1, opened));
    CHECK(limits.size() == 2);
    CHECK(limits.take(1, 1, 1, opened));
    CHECK_FALSE(limits.take(3, 1, 1, opened + 2s));
    CHECK(limits.take(3, 1, 1, opened + 2s));
    CHECK(limits.size() == 1);
  }

  TEST_CASE("who asks how long to wait takes nothing") {
    rate_limiter limits;
    CHECK_FALSE(limits.wait_for(1, 1, 1, opened));
    CHECK(limits.size() == 0);
    CHECK_FALSE(limits.take(1, 1, 1, opened));
    CHECK(limits.wait_for(1, 1, 1, opened) == 1000ms);
    CHECK_FALSE(limits.wait_for(1, 1, 1, opened + 1s));
    CHECK_FALSE(limits.take(1, 1, 1, opened + 1s));
    CHECK_FALSE(limits.wait_for(1, 1, 0, opened + 1s));
  }

  TEST_CASE("a clock that stands still or goes back adds nothing") {
    rate_limiter limits;
    CHECK_FALSE(limits.take(1, 1, 1, opened));
    CHECK(limits.take(1, 1, 1, opened - 10s));
  }
}
