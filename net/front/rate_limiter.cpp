#include "net/front/rate_limiter.hpp"

#include <algorithm>
#include <cmath>

namespace starling::net {

namespace {
double refilled(double level, steady_time since, steady_time now, double rate, double full) {
  const auto seconds = std::chrono::duration<double>(now - since).count();
  return std::min(full, level + std::max(0.0, seconds) * rate);
}

/// Until a bucket that holds `level` has `needed`; nullopt: it has.
std::optional<std::chrono::milliseconds> missing(double level, double needed, double rate) {
  if (level + 1e-9 >= needed) return std::nullopt;
  return std::chrono::milliseconds(
      static_cast<std::int64_t>(std::ceil((needed - level) / rate * 1000)));
}
}  // namespace

std::optional<std::chrono::milliseconds> rate_limiter::take(std::uint64_t key, double cost,
                                                            double rate, steady_time now) {
  if (rate <= 0) return std::nullopt;
  const double full = std::max(1.0, rate);
  const std::scoped_lock lock(mutex_);
  auto at = buckets_.find(key);
  if (at == buckets_.end()) {
    if (buckets_.size() >= max_keys_) drop_full(rate, now);
    if (buckets_.size() >= max_keys_) return std::nullopt;
    at = buckets_.emplace(key, bucket{full, now}).first;
  }
  auto& [level, updated] = at->second;
  level = refilled(level, updated, now, rate, full);
  updated = std::max(updated, now);
  const auto wait = missing(level, std::min(cost, full), rate);
  if (!wait) level -= cost;
  return wait;
}

std::optional<std::chrono::milliseconds> rate_limiter::wait_for(std::uint64_t key, double cost,
                                                                double rate,
                                                                steady_time now) const {
  if (rate <= 0) return std::nullopt;
  const double full = std::max(1.0, rate);
  const std::scoped_lock lock(mutex_);
  const auto at = buckets_.find(key);
  if (at == buckets_.end()) return std::nullopt;
  const auto& [level, updated] = at->second;
  return missing(refilled(level, updated, now, rate, full), std::min(cost, full), rate);
}

void rate_limiter::drop_full(double rate, steady_time now) {
  // At most once a second: a sweep over all keys for each newcomer of a flood would be the attack.
  if (now - swept_ < std::chrono::seconds(1)) return;
  swept_ = now;
  const double full = std::max(1.0, rate);
  std::erase_if(buckets_, [&](const auto& entry) {
    return refilled(entry.second.level, entry.second.at, now, rate, full) >= full;
  });
}

std::size_t rate_limiter::size() const {
  const std::scoped_lock lock(mutex_);
  return buckets_.size();
}

}  // namespace starling::net
