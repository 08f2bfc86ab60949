#include "net/base/paced_text.hpp"

#include <doctest/doctest.h>

using namespace starling;
using namespace std::chrono_literals;

namespace {

const steady_time begun = steady_time{} + 1h;

/// Its text is how often it was made.
struct counted_page {
  int made = 0;
  paced_text page{[this] { return std::to_string(++made); }, 3, 10};
};

}  // namespace

TEST_SUITE("net/paced_text") {
  TEST_CASE("who does not ask too often gets a new text each time") {
    counted_page page;
    CHECK(page.page.get(begun) == "1");
    CHECK(page.page.get(begun) == "2");
    CHECK(page.page.get(begun) == "3");
    CHECK(page.page.get(begun + 100ms) == "4");
    CHECK(page.page.get(begun + 200ms) == "5");
  }

  TEST_CASE("a flood of questions gets the last text until a new one is due") {
    counted_page page;
    for (int i = 0; i < 1000; ++i) page.page.get(begun);
    CHECK(page.made == 3);
    CHECK(page.page.get(begun + 99ms) == "3");
    CHECK(page.page.get(begun + 101ms) == "4");
    for (int i = 0; i < 1000; ++i) page.page.get(begun + 101ms + i * 1ms);
    CHECK(page.made <= 4 + 10);
    CHECK(page.made >= 4 + 9);
  }

  TEST_CASE("a pause brings back the burst and no more") {
    counted_page page;
    for (int i = 0; i < 10; ++i) page.page.get(begun);
    for (int i = 0; i < 10; ++i) page.page.get(begun + 1h);
    CHECK(page.made == 6);
  }
}
