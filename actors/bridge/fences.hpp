/// Which fence is under way, and which channels become live when it is back.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "actors/bridge/live_channels.hpp"
#include "net/base/clock.hpp"
#include "net/base/event.hpp"

namespace starling::actors {

/// At most one fence is under way; who comes meanwhile shares the next one. Plain state.
class fences {
 public:
  explicit fences(channel of) : channel_(std::move(of)) {}

  /// Number of the one that is sent next.
  std::uint64_t next() const noexcept { return sent_ + 1; }
  /// Number of the one sent last.
  std::uint64_t sent() const noexcept { return sent_; }
  /// Fences up to this number are back or given up.
  std::uint64_t seen() const noexcept { return seen_; }
  bool under_way() const noexcept { return sent_ != seen_; }
  /// How long ago the last one was sent.
  steady_clock::duration age(steady_time now) const noexcept { return now - sent_at_; }

  bool is_fence(const event& e) const { return e.channel == channel_; }
  bool is_current(const event& e) const { return under_way() && is_fence(e) && e.id == id_; }

  /// Another one is needed: when this one is back.
  void want() noexcept { wanted_ = true; }
  bool wanted() const noexcept { return wanted_ || !behind_next_.empty(); }
  /// `id` becomes live with the next one.
  void add(channel_id id) { behind_next_.push_back(id); }

  /// A new one is under way, in place of the one that was; everything that waits is behind it.
  event begin(steady_time now) {
    behind_.insert(behind_.end(), behind_next_.begin(), behind_next_.end());
    behind_next_.clear();
    wanted_ = false;
    sent_at_ = now;
    event out;
    out.channel = channel_;
    out.id = id_ = make_event_id();  // not the number: an earlier life of the node had the same
    out.name = "fence";
    out.data = std::to_string(++sent_);
    out.data_is_text = true;
    return out;
  }
  /// The one under way is back: the channels that become live (some may be gone).
  std::vector<channel_id> complete() {
    seen_ = sent_;
    return std::exchange(behind_, {});
  }
  /// The one under way will not come, and if it does it means nothing. What is behind it waits
  /// for the next one.
  void give_up() noexcept { seen_ = ++sent_; }

 private:
  const channel channel_;
  std::uint64_t sent_ = 0;
  std::uint64_t seen_ = 0;
  std::string id_;  ///< of the one sent last
  steady_time sent_at_{};
  bool wanted_ = false;
  std::vector<channel_id> behind_;       ///< become live with the one under way
  std::vector<channel_id> behind_next_;  ///< ... with the one after
};

}  // namespace starling::actors
