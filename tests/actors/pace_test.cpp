#include "actors/session/pace.hpp"

#include <doctest/doctest.h>

namespace starling::actors {

using namespace std::chrono_literals;

TEST_SUITE("actors/pace") {
  TEST_CASE("the next pass of the same channel waits for as long as the last took") {
    pace each;
    const auto start = steady_clock::now();
    CHECK(each.next(1) <= start);
    each.began(1, start);
    CHECK(each.under_way());
    each.ended(start + 8ms);
    CHECK_FALSE(each.under_way());
    CHECK(each.next(1) == start + 16ms);
    CHECK(each.next(2) <= start);
  }

  TEST_CASE("however long a pass took, the wait is bounded") {
    pace each;
    const auto start = steady_clock::now();
    each.began(1, start);
    each.ended(start + 10s);
    CHECK(each.next(1) == start + 10s + pace::longest_wait);
  }
}

}  // namespace starling::actors
