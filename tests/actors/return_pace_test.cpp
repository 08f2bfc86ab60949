#include "actors/base/return_pace.hpp"

#include <doctest/doctest.h>

using namespace starling;
using namespace starling::actors;
using namespace std::chrono_literals;

namespace {

node_options at_rate(double per_second) {
  node_options out;
  out.retry = 500ms;
  out.return_rate = per_second;
  return out;
}

}  // namespace

TEST_SUITE("actors/return_pace") {
  TEST_CASE("a few clients are told sse.retry, from half to one and a half of it") {
    const auto options = at_rate(1000);
    return_pace pace(options);
    auto least = 10'000ms, most = 0ms;
    for (int i = 0; i < 2000; ++i) {
      const auto told = pace.told(100, steady_time{1h});
      least = std::min(least, told);
      most = std::max(most, told);
    }
    CHECK(least >= 250ms);
    CHECK(least < 300ms);
    CHECK(most <= 750ms);
    CHECK(most > 700ms);
  }

  TEST_CASE("many sessions are told the time that they take at sse.return_rate") {
    const auto options = at_rate(1000);
    return_pace pace(options);
    CHECK(pace.time_for(10'000, steady_time{1h}) == 10s);
    CHECK(pace.time_for(10'000'000, steady_time{1h}) == return_pace::longest);
  }

  TEST_CASE("a storm makes it longer while it lasts, whoever is let in") {
    const auto options = at_rate(1000);
    return_pace pace(options);
    const steady_time start{1h};
    for (int i = 0; i < 3000; ++i) pace.came(start + 100ms);
    CHECK(pace.time_for(0, start + 200ms) == 3s);
    pace.came(start + 1100ms);
    CHECK(pace.time_for(0, start + 1100ms) == 3s);  // the second before counts
    CHECK(pace.time_for(0, start + 4s) == 500ms);
  }
}
