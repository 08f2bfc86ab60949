/// How often a shard goes over the members of a large room.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "actors/messages/session.hpp"
#include "net/base/clock.hpp"

namespace starling::actors {

/// After a pass over many members, the next one of the same channel waits for as long as that pass
/// took. What arrives meanwhile goes out as one batch, so under load each member is written to less
/// often and with more (one write costs as much as the bytes of some 30 events), and half of the
/// shard's time stays for others. A channel with less to say never waits.
/// One thread; the caller tells the time.
class pace {
 public:
  /// A pass over fewer members is over too soon to be worth a wait.
  static constexpr std::size_t large = 64;
  /// However long a pass took (the machine may have been asleep).
  static constexpr std::chrono::milliseconds longest_wait{50};

  void began(channel_id channel, steady_time now) noexcept {
    channel_ = channel;
    under_way_ = true;
    began_ = now;
  }
  void ended(steady_time now) noexcept {
    under_way_ = false;
    next_ = now + std::min<steady_clock::duration>(now - began_, longest_wait);
  }
  /// The writes of a pass are still to be made.
  bool under_way() const noexcept { return under_way_; }
  /// When the channel's next pass may begin; the past, when it need not wait.
  steady_time next(channel_id channel) const noexcept {
    return channel == channel_ ? next_ : steady_time{};
  }

 private:
  channel_id channel_ = 0;
  bool under_way_ = false;
  steady_time began_{};
  steady_time next_{};
};

}  // namespace starling::actors
