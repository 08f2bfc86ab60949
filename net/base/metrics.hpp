/// Counters of the hot paths: one set per shard, written by its thread only, summed when scraped.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "net/base/error.hpp"

namespace starling {

/// A number one thread writes and any thread reads.
class counter {
 public:
  void add(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void sub(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed);
  }
  std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// Fixed-bucket histogram; values in nanoseconds.
template <std::size_t N>
class histogram {
 public:
  explicit constexpr histogram(const std::array<std::int64_t, N>& bounds) : bounds_(bounds) {}
  void observe(std::int64_t ns, std::uint64_t times = 1) noexcept {
    std::size_t i = 0;
    while (i < N && ns > bounds_[i]) ++i;
    counts_[i].add(times);
    sum_.add(static_cast<std::uint64_t>(ns < 0 ? 0 : ns) * times);
  }
  const std::array<std::int64_t, N>& bounds() const noexcept { return bounds_; }
  std::uint64_t count(std::size_t bucket) const noexcept { return counts_[bucket].get(); }
  std::uint64_t sum_ns() const noexcept { return sum_.get(); }

 private:
  std::array<std::int64_t, N> bounds_;
  std::array<counter, N + 1> counts_;
  counter sum_;
};

inline constexpr std::int64_t ms_in_ns = 1'000'000;
/// 0.1 ms to 10 s.
inline constexpr std::array<std::int64_t, 14> latency_bounds{
    ms_in_ns / 10,  ms_in_ns / 4,   ms_in_ns / 2,    ms_in_ns,        ms_in_ns * 5 / 2,
    ms_in_ns * 5,   ms_in_ns * 10,  ms_in_ns * 25,   ms_in_ns * 50,   ms_in_ns * 100,
    ms_in_ns * 250, ms_in_ns * 500, ms_in_ns * 2500, ms_in_ns * 10000};
/// 1 s to 24 h.
inline constexpr std::array<std::int64_t, 8> duration_bounds{
    1000 * ms_in_ns,    10000 * ms_in_ns,   60000 * ms_in_ns,    300000 * ms_in_ns,
    1800000 * ms_in_ns, 3600000 * ms_in_ns, 14400000 * ms_in_ns, 86400000 * ms_in_ns};

enum class event_source : std::uint8_t {
  http,
  ws,
  mapping
};
inline constexpr std::size_t event_source_count = 3;
enum class drop_reason : std::uint8_t {
  slow_consumer,
  oldest,
  no_recipient
};
inline constexpr std::size_t drop_reason_count = 3;

/// One shard's figures. Indexes are the enums' values; transport: 0 sse, 1 ws, 2 poll.
struct shard_metrics {
  std::array<counter, 3> sessions;  ///< open now, by transport
  counter sessions_opened;
  std::array<counter, close_code_count> sessions_closed;
  histogram<8> session_duration{duration_bounds};
  std::array<counter, event_source_count> events_in;
  std::array<counter, 3> deliveries;  ///< events fully handed to the kernel, by transport
  counter bytes_out;
  histogram<14> delivery_latency{latency_bounds};
  counter outbox_bytes;  ///< waiting in outboxes now
  std::array<counter, drop_reason_count> dropped;
  counter replayed;
  std::array<counter, 2> gaps;  ///< 0 repaired, 1 lost
  std::array<counter, errc_count> publish_errors;
  std::array<counter, errc_count> http_errors;

  /// An item, or a whole request of them, was refused.
  void publish_refused(errc why) noexcept { publish_errors[static_cast<std::size_t>(why)].add(); }
};

}  // namespace starling
