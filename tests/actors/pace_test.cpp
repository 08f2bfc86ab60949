#include "actors/session/pace.hpp"

#include <doctest/doctest.h>

#include <initializer_list>

namespace starling::actors {

using namespace std::chrono_literals;

namespace {

constexpr channel_id channel = 1;
constexpr channel_id other = 2;
const steady_time start{1000s};
constexpr auto took = 8ms;

/// After a pass with so many events, during which those came.
pace after_pass(std::size_t events, std::initializer_list<channel_id> came = {}) {
  pace out;
  out.began(channel, events, start);
  for (const auto each : came) out.came(each);
  out.ended(start + took);
  return out;
}

}  // namespace

TEST_SUITE("actors/pace") {
  TEST_CASE("the next pass of the same channel waits twice as long as the last took") {
    pace each;
    CHECK(each.next(channel, 1) <= start);
    each.began(channel, 3, start);
    CHECK(each.under_way());
    each.ended(start + took);
    CHECK_FALSE(each.under_way());
    CHECK(each.next(channel, 2) == start + 3 * took);
    CHECK(each.next(other, 2) <= start);
  }

  TEST_CASE("it waits no longer than for as many events") {
    const auto each = after_pass(3, {channel, channel});
    CHECK(each.next(channel, 2) == start + 3 * took);
    CHECK(each.next(channel, 3) <= start);
  }

  TEST_CASE("a pass during which twice as many came is followed by a larger one") {
    auto each = after_pass(2, {channel, channel, other, channel, channel});
    each.came(channel);  // not during the pass
    CHECK(each.next(channel, 5) == start + 3 * took);
    CHECK(each.next(channel, 6) <= start);
    CHECK(after_pass(2, {channel, other, channel, channel}).next(channel, 2) <= start);
  }

  TEST_CASE("however long a pass took, the wait is bounded") {
    pace each;
    each.began(channel, 2, start);
    each.ended(start + 10s);
    CHECK(each.next(channel, 1) == start + 10s + pace::longest_wait);
  }
}

}  // namespace starling::actors
