/// What the code under measurement takes from the heap.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>

namespace starling::bench {

/// Calls of `operator new` since the start, over all threads. What C libraries take with malloc is
/// not counted.
std::uint64_t allocations() noexcept;

/// Reports allocations per `unit` done between its making and `report`.
class allocation_meter {
 public:
  /// `name`: of the counter shown, such as "allocs/delivery".
  void report(benchmark::State& state, const char* name, double units) const {
    state.counters[name] = static_cast<double>(allocations() - begin_) / units;
  }

 private:
  std::uint64_t begin_ = allocations();
};

}  // namespace starling::bench
