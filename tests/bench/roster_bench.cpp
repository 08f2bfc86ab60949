// What a million memberships cost a node: memory, the load at start, a change.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <random>
#include <vector>

#include "actors/roster/roster_state.hpp"

namespace {

using namespace starling;

std::size_t heap_bytes() {
  const auto now = mallinfo2();
  return now.uordblks + now.hblkhd;
}

/// `users` that are in `rooms_each` of `rooms` rooms, in no order, as the store hands them out.
std::vector<cluster::roster_entry> memberships(int users, int rooms_each, int rooms) {
  std::vector<cluster::roster_entry> out;
  for (int user = 0; user < users; ++user)
    for (int i = 0; i < rooms_each; ++i)
      out.push_back({tenant_id("acme"), "room-" + std::to_string((user + i * 997) % rooms),
                     "user-" + std::to_string(user) + "@example.org", 1'795'230'061'944,
                     1'234'567});
  std::shuffle(out.begin(), out.end(), std::mt19937(1));
  return out;
}

void load(actors::roster_state& state, const std::vector<cluster::roster_entry>& all) {
  state.begin_load();
  for (const auto& entry : all) state.add(entry);
  state.end_load();
}

void roster_load(benchmark::State& run) {
  const auto all = memberships(static_cast<int>(run.range(0)), static_cast<int>(run.range(1)),
                               static_cast<int>(run.range(2)));
  std::size_t bytes = 0;
  for (auto _ : run) {
    const auto before = heap_bytes();
    actors::roster_state state;
    load(state, all);
    bytes = heap_bytes() - before;
    run.PauseTiming();
    { const auto gone = std::move(state); }
    run.ResumeTiming();
  }
  run.counters["bytes_each"] = static_cast<double>(bytes) / static_cast<double>(all.size());
}

void roster_change(benchmark::State& run) {
  const auto all = memberships(static_cast<int>(run.range(0)), static_cast<int>(run.range(1)),
                               static_cast<int>(run.range(2)));
  actors::roster_state state;
  load(state, all);
  std::size_t i = 0;
  for (auto _ : run) {
    const auto& entry = all[i++ % all.size()];
    state.remove(entry);
    state.add(entry);
  }
}

}  // namespace

BENCHMARK(roster_load)
    ->Args({100'000, 10, 10'000})
    ->Args({1'000'000, 1, 1'000})
    ->Args({1'000'000, 1, 1})
    ->Unit(benchmark::kSecond);
BENCHMARK(roster_change)->Args({100'000, 10, 10'000})->Args({1'000'000, 1, 1});
