// What a million memberships cost a node: memory, the load at start, a change; and what a change
// costs those whom it does not touch.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <random>
#include <vector>

#include "actors/bridge/opening_joins.hpp"
#include "actors/roster/roster_state.hpp"
#include "actors/session/session_rooms.hpp"

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

/// A change for a session that is in so many rooms.
void session_change(benchmark::State& run) {
  const net::identity ann{.tenant = tenant_id{"acme"}, .user = user_id{"ann"}};
  actors::session_rooms rooms;
  const auto count = static_cast<std::uint32_t>(run.range(0));
  for (std::uint32_t i = 1; i <= count; ++i)
    rooms.add({.id = i,
               .index = 0,
               .from_roster = true,
               .leaving = false,
               .channel = std::make_shared<channel>(
                   room_channel(ann.tenant, "room-" + std::to_string(i)))});
  std::uint32_t i = 0;
  for (auto _ : run) {
    const auto room = "room-" + std::to_string(i++ % count + 1);
    benchmark::DoNotOptimize(rooms.follow({ann.tenant, ann.user, room, true, 1}, ann));
  }
}

/// A change of somebody while so many sessions of others are on their way in.
void change_beside_joins(benchmark::State& run) {
  const tenant_id acme{"acme"};
  actors::opening_joins opening;
  for (int i = 0; i < run.range(0); ++i) {
    actors::join coming;
    coming.channels.push_back(
        {std::make_shared<channel>(user_channel(acme, "user-" + std::to_string(i)))});
    opening.add(coming);
  }
  std::size_t told = 0;
  for (auto _ : run)
    opening.for_each_of(user_channel(acme, "somebody else"), [&](const auto&) { ++told; });
  benchmark::DoNotOptimize(told);
}

}  // namespace

BENCHMARK(roster_load)
    ->Args({100'000, 10, 10'000})
    ->Args({1'000'000, 1, 1'000})
    ->Args({1'000'000, 1, 1})
    ->Unit(benchmark::kSecond);
BENCHMARK(roster_change)->Args({100'000, 10, 10'000})->Args({1'000'000, 1, 1});
BENCHMARK(session_change)->Arg(10)->Arg(1'000);
BENCHMARK(change_beside_joins)->Arg(10)->Arg(10'000);
