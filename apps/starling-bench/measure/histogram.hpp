/// Latencies with three significant digits in a fixed table, after the idea of HdrHistogram.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace starling::bench {

/// Counts of values from 0 to about 73 minutes when the unit is a nanosecond; larger ones count as
/// the largest. A value is off by less than 0.1 %: each power of two is cut into 1,024 equal steps.
/// One thread.
class histogram {
 public:
  void record(std::int64_t value, std::uint64_t count = 1) noexcept {
    const auto clamped = static_cast<std::uint64_t>(std::clamp<std::int64_t>(value, 0, max_value));
    counts_[index_of(clamped)] += count;
    total_ += count;
    sum_ += static_cast<double>(clamped) * static_cast<double>(count);
    min_ = std::min(min_, clamped);
    max_ = std::max(max_, clamped);
  }

  void merge(const histogram& other) noexcept {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    total_ += other.total_;
    sum_ += other.sum_;
    min_ = std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
  }

  void clear() noexcept { *this = histogram(); }

  std::uint64_t count() const noexcept { return total_; }
  std::int64_t min() const noexcept { return total_ ? static_cast<std::int64_t>(min_) : 0; }
  std::int64_t max() const noexcept { return static_cast<std::int64_t>(max_); }
  double mean() const noexcept { return total_ ? sum_ / static_cast<double>(total_) : 0; }

  /// The smallest recorded value (to the table's precision, rounded up) that `percent` of all
  /// values do not exceed; 0 when nothing was recorded.
  std::int64_t percentile(double percent) const noexcept {
    if (total_ == 0) return 0;
    // 99.9 has no exact double: without the correction p99.9 of 1,000 values would be the 1,000th.
    const double rank = percent / 100 * static_cast<double>(total_) - 1e-6;
    const auto wanted = static_cast<std::uint64_t>(std::max(1.0, std::ceil(rank)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen >= wanted) return static_cast<std::int64_t>(std::min(highest_of(i), max_));
    }
    return max();
  }

 private:
  static constexpr int sub_bits = 11;
  static constexpr std::uint64_t sub_count = 1u << sub_bits;
  static constexpr std::uint64_t half = sub_count / 2;
  static constexpr int value_bits = 42;
  static constexpr std::int64_t max_value = (std::int64_t{1} << value_bits) - 1;

  static std::size_t index_of(std::uint64_t value) noexcept {
    if (value < sub_count) return value;
    const int shift = std::bit_width(value) - sub_bits;
    return static_cast<std::size_t>(shift) * half + (value >> shift);
  }
  static std::uint64_t highest_of(std::size_t index) noexcept {
    if (index < sub_count) return index;
    const auto shift = index / half - 1;
    return ((index - shift * half + 1) << shift) - 1;
  }

  std::vector<std::uint64_t> counts_ =
      std::vector<std::uint64_t>(sub_count + (value_bits - sub_bits) * half);
  std::uint64_t total_ = 0;
  double sum_ = 0;
  std::uint64_t min_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t max_ = 0;
};

}  // namespace starling::bench
