#include "actors/api/clock_lead.hpp"

#include <doctest/doctest.h>

namespace starling::actors {

TEST_SUITE("actors/clock_lead") {
  TEST_CASE("what the way may explain is no disagreement") {
    CHECK(clock_lead({.asked = 100, .heard = 130, .replied = 150, .answered = 200}) == 0);
    CHECK(clock_lead({.asked = 100, .heard = 100, .replied = 200, .answered = 200}) == 0);
  }

  TEST_CASE("who has heard it before it was asked is behind") {
    CHECK(clock_lead({.asked = 100, .heard = 70, .replied = 90, .answered = 200}) == -30);
    CHECK(clock_lead({.asked = 100, .heard = 70, .replied = 150, .answered = 200}) == -30);
  }

  TEST_CASE("who has replied after the answer came is ahead") {
    CHECK(clock_lead({.asked = 100, .heard = 230, .replied = 250, .answered = 200}) == 50);
    CHECK(clock_lead({.asked = 100, .heard = 130, .replied = 250, .answered = 200}) == 50);
  }
}

}  // namespace starling::actors
