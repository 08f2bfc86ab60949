#include "apps/starling-bench/plan/dialect.hpp"
#include "apps/starling-bench/plan/room_layout.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <set>

using namespace starling::bench;

TEST_SUITE("apps/starling-bench") {
  TEST_CASE(
      "with one room per session a subscription is the session and an event carries its own "
      "number") {
    constexpr room_layout layout{50, 1};
    CHECK(layout.groups() == 50);
    CHECK(layout.room(7, 0) == 7);
    CHECK(layout.subscription(123, 0) == 123);
    CHECK(layout.mark(7, 99) == 99);
    CHECK(layout.slot_of(99) == 0);
    CHECK(layout.n_of(99) == 99);
  }

  TEST_CASE("every room belongs to exactly one group, and neighbours to different ones") {
    constexpr room_layout layout{60, 5};
    std::set<std::uint32_t> rooms;
    for (std::uint32_t group = 0; group < layout.groups(); ++group) {
      for (std::uint32_t slot = 0; slot < 5; ++slot) rooms.insert(layout.room(group, slot));
    }
    CHECK(layout.groups() == 12);
    CHECK(rooms.size() == 60);
    CHECK(*rooms.rbegin() == 59);
    CHECK(layout.room(0, 1) == 12);
  }

  TEST_CASE("a session finds its subscription and the room's own number in what an event carries") {
    constexpr room_layout layout{60, 5};
    constexpr std::uint32_t group = 3;
    constexpr std::uint32_t session = 15;  // the second of its group
    for (std::uint32_t slot = 0; slot < 5; ++slot) {
      const auto mark = layout.mark(layout.room(group, slot), 1000 + slot);
      CHECK(layout.slot_of(mark) == slot);
      CHECK(layout.n_of(mark) == 1000 + slot);
      CHECK(layout.subscription(session, layout.slot_of(mark)) == session * 5 + slot);
    }
  }

  TEST_CASE("each dialect asks at its own paths and knows its own success") {
    CHECK(stream_path(dialect::starling, false, "a,b") == "/events?rooms=a,b");
    CHECK(stream_path(dialect::starling, true, "a") == "/ws?rooms=a");
    CHECK(stream_path(dialect::starling, false, "") == "/events");
    CHECK(publish_path(dialect::starling, "a") == "/api/publish");
    CHECK(stream_path(dialect::nchan, false, "a") == "/sub/a");
    CHECK(publish_path(dialect::nchan, "a") == "/pub/a");
    CHECK(accepted(dialect::starling, 200));
    CHECK_FALSE(accepted(dialect::starling, 202));
    CHECK(accepted(dialect::nchan, 201));
    CHECK(accepted(dialect::nchan, 202));
    CHECK_FALSE(accepted(dialect::nchan, 403));
  }
}
