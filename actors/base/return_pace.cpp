#include "actors/base/return_pace.hpp"

#include <algorithm>

#include "net/base/jitter.hpp"

namespace starling::actors {

namespace {

std::int64_t second_of(steady_time at) noexcept {
  return std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
}

}  // namespace

void return_pace::came(steady_time now) noexcept {
  const auto current = second_of(now);
  auto counted = second_.load(std::memory_order_relaxed);
  if (current > counted && second_.compare_exchange_strong(counted, current)) {
    const auto ended = in_second_.exchange(0);
    in_second_before_.store(counted + 1 == current ? ended : 0);
  }
  in_second_.fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t return_pace::came_lately(steady_time now) const noexcept {
  const auto age = second_of(now) - second_.load(std::memory_order_relaxed);
  if (age > 1) return 0;
  const auto last = in_second_.load(std::memory_order_relaxed);
  return age == 1 ? last : std::max(last, in_second_before_.load(std::memory_order_relaxed));
}

std::chrono::milliseconds return_pace::time_for(std::size_t sessions,
                                                steady_time now) const noexcept {
  const auto crowd = static_cast<double>(std::max<std::uint64_t>(sessions, came_lately(now)));
  const std::chrono::milliseconds needed(static_cast<std::int64_t>(
      std::min(crowd / options_.return_rate * 1000, static_cast<double>(longest.count()))));
  return std::max(options_.retry, needed);
}

std::chrono::milliseconds return_pace::told(std::size_t sessions, steady_time now) const {
  return half_more_or_less(time_for(sessions, now));
}

}  // namespace starling::actors
