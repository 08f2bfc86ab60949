// Each session has a timer that is armed anew over and over and seldom fires.
#include <benchmark/benchmark.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <vector>

#include "net/io/timer_wheel.hpp"
#include "tests/bench/allocations.hpp"

namespace starling::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t sessions = 10'000;

struct idle_timer : net::wheel_timer {
  void on_timer() override {}
};

void rearm_ours(benchmark::State& state) {
  const auto now = steady_clock::now();
  net::timer_wheel wheel(now);
  std::vector<idle_timer> timers(sessions);
  for (auto& each : timers) wheel.arm(each, now + 30s);
  std::size_t next = 0;
  const allocation_meter heap;
  for (auto _ : state) wheel.arm(timers[next++ % sessions], now + 31s);
  heap.report(state, "allocs/arm", static_cast<double>(state.iterations()));
  state.counters["bytes/timer"] = sizeof(idle_timer);
}
BENCHMARK(rearm_ours);

void rearm_asio(benchmark::State& state) {
  boost::asio::io_context context;
  std::vector<std::unique_ptr<boost::asio::steady_timer>> timers(sessions);
  const auto wait = [](boost::asio::steady_timer& timer, std::chrono::seconds after) {
    timer.expires_after(after);
    timer.async_wait([](const boost::system::error_code&) {});
  };
  for (auto& each : timers)
    wait(*(each = std::make_unique<boost::asio::steady_timer>(context)), 30s);
  std::size_t next = 0;
  const allocation_meter heap;
  for (auto _ : state) {
    wait(*timers[next++ % sessions], 31s);
    context.poll();  // the wait that was cancelled completes
  }
  heap.report(state, "allocs/arm", static_cast<double>(state.iterations()));
  state.counters["bytes/timer"] = sizeof(boost::asio::steady_timer);
}
BENCHMARK(rearm_asio);

}  // namespace
}  // namespace starling::bench
