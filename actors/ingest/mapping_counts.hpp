/// What became of foreign messages on this node.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <optional>

#include "net/mapping/rule_set.hpp"

namespace starling::actors {

/// Any thread.
class mapping_counts {
 public:
  using row = std::array<std::atomic<std::uint64_t>, net::mapping_result_count>;

  explicit mapping_counts(std::size_t rules) : by_rule_(rules) {}

  void add(net::mapping_result result, std::optional<std::size_t> rule) noexcept {
    const auto index = static_cast<std::size_t>(result);
    all_[index].fetch_add(1, std::memory_order_relaxed);
    if (rule && *rule < by_rule_.size())
      by_rule_[*rule][index].fetch_add(1, std::memory_order_relaxed);
  }

  std::uint64_t all(net::mapping_result result) const noexcept {
    return all_[static_cast<std::size_t>(result)].load(std::memory_order_relaxed);
  }
  std::uint64_t of(std::size_t rule, net::mapping_result result) const noexcept {
    return by_rule_[rule][static_cast<std::size_t>(result)].load(std::memory_order_relaxed);
  }

 private:
  row all_{};
  std::deque<row> by_rule_;
};

}  // namespace starling::actors
