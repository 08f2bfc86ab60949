/// The two clocks: steady for intervals, wall for what people and other nodes see.
#pragma once

#include <chrono>
#include <cstdint>

namespace starling {

using steady_clock = std::chrono::steady_clock;
using steady_time = steady_clock::time_point;

inline std::int64_t wall_ns() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}
inline std::int64_t wall_ms() noexcept { return wall_ns() / 1'000'000; }

}  // namespace starling
