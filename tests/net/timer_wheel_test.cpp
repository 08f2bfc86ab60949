#include "net/io/timer_wheel.hpp"

#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

using namespace starling;
using namespace starling::net;
using namespace std::chrono_literals;

namespace {

struct probe : wheel_timer {
  int fired = 0;
  std::function<void()> then;
  void on_timer() override {
    ++fired;
    if (then) then();
  }
};

const steady_time start{};

}  // namespace

TEST_SUITE("net/timer_wheel") {
  TEST_CASE("a timer fires at its deadline or up to one tick later, and once") {
    timer_wheel wheel(start);
    probe timer;
    wheel.arm(timer, start + 120ms);
    wheel.advance(start + 119ms);
    CHECK(timer.fired == 0);
    wheel.advance(start + 150ms);
    CHECK(timer.fired == 1);
    CHECK_FALSE(timer.armed());
    CHECK(wheel.size() == 0);
    wheel.advance(start + 10s);
    CHECK(timer.fired == 1);
  }

  TEST_CASE("a deadline beyond one turn of the wheel waits for its turn") {
    timer_wheel wheel(start);
    probe far;
    wheel.arm(far, start + 120s);
    for (auto at = 0ms; at < 120s; at += 50ms) wheel.advance(start + at);
    CHECK(far.fired == 0);
    wheel.advance(start + 120s);
    CHECK(far.fired == 1);
  }

  TEST_CASE("one late advance fires everything that was due, the earliest first") {
    timer_wheel wheel(start);
    std::vector<int> order;
    probe first, second, later;
    second.then = [&] { order.push_back(2); };
    first.then = [&] { order.push_back(1); };
    wheel.arm(second, start + 400ms);
    wheel.arm(first, start + 100ms);
    wheel.arm(later, start + 200s);
    wheel.advance(start + 150s);
    CHECK(order == std::vector<int>{1, 2});
    CHECK(later.fired == 0);
  }

  TEST_CASE("arming again moves the deadline") {
    timer_wheel wheel(start);
    probe timer;
    wheel.arm(timer, start + 100ms);
    wheel.arm(timer, start + 300ms);
    CHECK(wheel.size() == 1);
    wheel.advance(start + 200ms);
    CHECK(timer.fired == 0);
    wheel.advance(start + 300ms);
    CHECK(timer.fired == 1);
  }

  TEST_CASE("cancel and destruction take a timer out") {
    timer_wheel wheel(start);
    probe cancelled;
    auto destroyed = std::make_unique<probe>();
    wheel.arm(cancelled, start + 100ms);
    wheel.arm(*destroyed, start + 100ms);
    wheel.cancel(cancelled);
    wheel.cancel(cancelled);
    destroyed.reset();
    CHECK(wheel.size() == 0);
    wheel.advance(start + 1s);
    CHECK(cancelled.fired == 0);
  }

  TEST_CASE("a timer that arms itself for now fires at the next tick, not for ever") {
    timer_wheel wheel(start);
    probe timer;
    timer.then = [&] { wheel.arm(timer, start); };
    wheel.arm(timer, start + 50ms);
    wheel.advance(start + 50ms);
    CHECK(timer.fired == 1);
    wheel.advance(start + 100ms);
    CHECK(timer.fired == 2);
  }

  TEST_CASE("a callback may cancel or destroy others that are due at the same time") {
    timer_wheel wheel(start);
    probe a, b;
    auto c = std::make_unique<probe>();
    const auto end_others = [&] {
      wheel.cancel(a);
      wheel.cancel(b);
      c.reset();
    };
    a.then = b.then = end_others;
    wheel.arm(*c, start + 60ms);
    wheel.arm(a, start + 50ms);
    wheel.arm(b, start + 50ms);
    wheel.advance(start + 100ms);
    CHECK(a.fired + b.fired == 1);
    CHECK(wheel.size() == 0);
  }

  TEST_CASE("when a callback throws, the rest fires with the next advance") {
    timer_wheel wheel(start);
    probe thrower, other;
    thrower.then = [] { throw std::runtime_error("no"); };
    wheel.arm(thrower, start + 50ms);
    wheel.arm(other, start + 100ms);
    CHECK_THROWS(wheel.advance(start + 100ms));
    CHECK(other.fired == 0);
    wheel.advance(start + 100ms);
    CHECK(other.fired == 1);
  }

  TEST_CASE("the owner is woken when the first timer is armed, and only then") {
    timer_wheel wheel(start);
    int woken = 0;
    wheel.on_first_armed([](void* count) { ++*static_cast<int*>(count); }, &woken);
    probe a, b;
    wheel.arm(a, start + 100ms);
    wheel.arm(b, start + 100ms);
    wheel.arm(b, start + 200ms);
    CHECK(woken == 1);
    wheel.advance(start + 200ms);
    wheel.arm(a, start + 300ms);
    CHECK(woken == 2);
  }

  TEST_CASE("a timer may outlive its wheel") {
    probe timer;
    {
      timer_wheel wheel(start);
      wheel.arm(timer, start + 100ms);
    }
    CHECK_FALSE(timer.armed());
  }
}
