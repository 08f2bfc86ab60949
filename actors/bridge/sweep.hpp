/// The slow look for events that were stored, did not arrive, and that no later one tells of.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "actors/base/options.hpp"
#include "actors/bridge/live_channels.hpp"

namespace starling::actors {

/// Asks for the last sequence of some channels every second. If that is more than was delivered, it
/// may be on its way; when a fence that was sent after the answer is back, it is not. At most
/// sweep_options::channels_per_second questions and doubts at a time. Plain state.
class sweep {
 public:
  explicit sweep(const sweep_options& options) noexcept : options_(options) {}

  /// A second's share of the channels, once all questions are answered and all doubts settled.
  template <class Ask>
  void step(live_channels& channels, Ask&& ask) {
    if (asked_ > 0 || doubting()) return;
    const auto share = channels.size() / static_cast<std::size_t>(options_.cycle.count()) + 1;
    for (auto left = std::min(share, options_.channels_per_second); left > 0; --left) {
      const auto* each = channels.next(slot_);
      if (!each) {
        slot_ = 0;
        return;
      }
      if (!each->live) continue;
      ++asked_;
      ask(*each);
    }
  }
  void answered() noexcept { --asked_; }

  /// The store has `last` on this channel, more than was delivered; `fence` will prove it.
  void doubt(channel_id id, sequence last, std::uint64_t fence) {
    doubts_.push_back({id, last, fence});
  }
  bool doubting() const noexcept { return !doubts_.empty(); }
  /// The fence of that number is back: calls `missing` for each channel whose doubt is true.
  template <class Missing>
  void settle(std::uint64_t fence, live_channels& channels, Missing&& missing) {
    std::erase_if(doubts_, [&](const suspect& s) {
      if (s.fence > fence) return false;
      auto* const found = channels.find(s.id);
      if (found && found->delivered < s.last) missing(*found);
      return true;
    });
  }
  void forget_doubts() noexcept { doubts_.clear(); }

 private:
  struct suspect {
    channel_id id;
    sequence last;
    std::uint64_t fence;
  };
  const sweep_options options_;
  std::size_t slot_ = 0;   ///< goes on behind this one
  std::size_t asked_ = 0;  ///< questions under way
  std::vector<suspect> doubts_;
};

}  // namespace starling::actors
