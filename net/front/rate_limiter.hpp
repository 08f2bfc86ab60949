/// Token buckets by key, for limits.connect_rate and limits.publish_rate.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "net/base/clock.hpp"

namespace starling::net {

/// Of a source address.
inline std::uint64_t address_key(const boost::asio::ip::address& address) {
  return std::hash<boost::asio::ip::address>{}(address);
}

/// A bucket holds one second's worth (at least 1) and starts full. Any thread; a lock held for
/// some hundred nanoseconds, and not taken at all while the rate is off.
///
/// Memory: at most `max_keys` buckets. When they are all in use, those that have filled up again
/// are dropped (they say nothing); if that frees none, a newcomer is let through unmeasured: a
/// flood of keys must not lock out everyone else.
class rate_limiter {
 public:
  rate_limiter() : rate_limiter(65536) {}
  explicit rate_limiter(std::size_t max_keys) : max_keys_(max_keys) {}

  /// Takes `cost` from the bucket of `key`, which gains `rate` per second; rate 0 is no limit. A
  /// cost above a full bucket is let through when the bucket is full, and leaves a debt.
  /// Returns how long to wait when there is not enough; nullopt when it was taken.
  std::optional<std::chrono::milliseconds> take(std::uint64_t key, double cost, double rate,
                                                steady_time now);
  /// What take() would return, without taking.
  std::optional<std::chrono::milliseconds> wait_for(std::uint64_t key, double cost, double rate,
                                                    steady_time now) const;
  std::size_t size() const;

 private:
  struct bucket {
    double level = 0;
    steady_time at;
  };
  void drop_full(double rate, steady_time now);

  const std::size_t max_keys_;
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, bucket> buckets_;
  steady_time swept_{};
};

}  // namespace starling::net
