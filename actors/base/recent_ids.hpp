/// Which events that are not stored were here already.
#pragma once

#include <chrono>
#include <deque>
#include <string>
#include <unordered_set>
#include <utility>

#include "net/base/clock.hpp"
#include "net/base/event.hpp"

namespace starling::actors {

/// The ids that publishers gave to events of the last minutes, by channel; what the store does for
/// stored events. Where events are handed out, not where they are accepted: copies may come by way
/// of different nodes. Plain state, one thread.
class recent_ids {
 public:
  /// About 20 MiB with the longest names; 546 a second for two minutes.
  static constexpr std::size_t most = 65'536;

  explicit recent_ids(std::chrono::seconds window) noexcept : window_(window) {}

  /// Whether `event` is to be dispatched: its id was not here within the window (nor among the last
  /// `most`). Ids that a node made are unique, and not remembered.
  bool first(const event& event, steady_time now);
  std::size_t size() const noexcept { return known_.size(); }

 private:
  const std::chrono::seconds window_;
  std::unordered_set<std::string> known_;
  std::deque<std::pair<steady_time, const std::string*>> by_age_;  ///< into known_
};

}  // namespace starling::actors
