#include "net/base/nearest_name.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace starling;

TEST_SUITE("net/base/nearest_name") {
  const std::vector<std::string> names{"rooms", "device", "last_event_id"};

  TEST_CASE("one slip of the finger is found in a short name, several in a long one") {
    for (const auto* typed : {"room", "roms", "orooms", "rosom", "rooms2"})
      CHECK(nearest_name(typed, names) == "rooms");
    CHECK(nearest_name("last_event", names) == "last_event_id");
  }

  TEST_CASE("what resembles nothing is nothing") {
    for (const auto* typed : {"", "t", "user", "roo", "utm_source"})
      CHECK_FALSE(nearest_name(typed, names));
    CHECK_FALSE(nearest_name(std::string(201, 'x'), names));
  }

  TEST_CASE("a suggestion is a half sentence, and nothing when there is none") {
    CHECK(did_you_mean("rooms") == "; did you mean \"rooms\"?");
    CHECK(did_you_mean(std::nullopt).empty());
  }
}
