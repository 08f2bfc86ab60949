#include "actors/session/session_clock.hpp"

#include <doctest/doctest.h>

namespace starling::actors::test {

namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds heartbeat{25};
constexpr milliseconds wall{1'000'000};
const steady_time now{std::chrono::hours(1)};

session_clock begun() {
  session_clock out;
  out.begin(now, heartbeat);
  return out;
}
}  // namespace

TEST_SUITE("actors/session_clock") {
  TEST_CASE("heartbeats come at their interval, and the clock is due then") {
    auto c = begun();
    const auto end = wall + std::chrono::hours(1);
    CHECK(c.next(wall, now, end) == now + heartbeat);
    CHECK_FALSE(c.look(wall, now + seconds(24), end, heartbeat).heartbeat);
    CHECK(c.look(wall, now + seconds(25), end, heartbeat).heartbeat);
    CHECK_FALSE(c.look(wall, now + seconds(26), end, heartbeat).heartbeat);
    CHECK(c.next(wall, now + seconds(26), end) == now + seconds(50));
  }

  TEST_CASE("a token's end is told a minute before it, once") {
    auto c = begun();
    const auto end = wall + seconds(70);
    CHECK(c.next(wall, now, end) == now + seconds(10));
    CHECK_FALSE(c.look(wall + seconds(9), now, end, heartbeat).expiring);
    const auto due = c.look(wall + seconds(10), now, end, heartbeat);
    CHECK(due.expiring);
    CHECK(due.left == seconds(60));
    CHECK_FALSE(due.expired);
    CHECK_FALSE(c.look(wall + seconds(11), now, end, heartbeat).expiring);
  }

  TEST_CASE("at its end there is nothing but the end") {
    auto c = begun();
    const auto due = c.look(wall + seconds(70), now + seconds(70), wall + seconds(70), heartbeat);
    CHECK(due.expired);
    CHECK_FALSE(due.expiring);
    CHECK_FALSE(due.heartbeat);
  }

  TEST_CASE("once it has been told, the clock is due at the end itself") {
    auto c = begun();
    const auto end = wall + seconds(20);
    CHECK(c.next(wall, now, end) == now);  // the minute has begun
    c.look(wall, now, end, heartbeat);
    CHECK(c.next(wall, now, end) == now + seconds(20));
    CHECK(c.next(wall + seconds(30), now, end) == now);
  }

  TEST_CASE("a new token's end is told of as well") {
    auto c = begun();
    CHECK(c.look(wall, now, wall + seconds(30), heartbeat).expiring);
    c.renewed();
    CHECK_FALSE(c.look(wall, now, wall + seconds(90), heartbeat).expiring);
    CHECK(c.look(wall + seconds(30), now, wall + seconds(90), heartbeat).expiring);
  }
}

}  // namespace starling::actors::test
