#include "actors/session/pace.hpp"

#include <doctest/doctest.h>

namespace starling::actors {

using namespace std::chrono_literals;

TEST_SUITE("actors/pace") {
  TEST_CASE("the next pass of the same channel waits twice as long as the last took") {
    pace each;
    const auto start = steady_clock::now();
    CHECK(each.next(1, 1) <= start);
    each.began(1, 3, start);
    CHECK(each.under_way());
    each.ended(start + 8ms);
    CHECK_FALSE(each.under_way());
    CHECK(each.next(1, 2) == start + 24ms);
    CHECK(each.next(2, 2) <= start);
  }

  TEST_CASE("it waits no longer than for as many events") {
    pace each;
    const auto start = steady_clock::now();
    each.began(1, 3, start);
    each.came(1);
    each.came(1);
    each.ended(start + 8ms);
    CHECK(each.next(1, 2) == start + 24ms);
    CHECK(each.next(1, 3) <= start);
  }

  TEST_CASE("a pass during which as many came is followed by a larger one") {
    pace each;
    const auto start = steady_clock::now();
    each.began(1, 2, start);
    each.came(1);
    each.came(2);  // of another channel
    each.came(1);
    each.ended(start + 8ms);
    each.came(1);  // not during the pass
    CHECK(each.next(1, 3) == start + 24ms);
    CHECK(each.next(1, 4) <= start);
  }

  TEST_CASE("however long a pass took, the wait is bounded") {
    pace each;
    const auto start = steady_clock::now();
    each.began(1, 2, start);
    each.ended(start + 10s);
    CHECK(each.next(1, 1) == start + 10s + pace::longest_wait);
  }
}

}  // namespace starling::actors
