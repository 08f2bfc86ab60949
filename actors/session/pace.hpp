/// How often a shard goes over the members of a large room.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "actors/messages/session.hpp"
#include "net/base/clock.hpp"

namespace starling::actors {

/// After a pass over many members, the next one of the same channel waits until as many events have
/// come as the pass had, but at most twice as long as it took. They go out as one batch, so under
/// load each member is written to less often and with more (one write costs as much as the bytes of
/// some 30 events), and half of the shard's time stays for others. Publishers that wait for their
/// events to arrive send no more than that, so for them the wait ends early. A pass during which
/// twice as many events came as it had was too small: the next one waits for that many more. A
/// channel with less to say never waits.
/// One thread; the caller tells the time.
class pace {
 public:
  /// A pass over fewer members is over too soon to be worth a wait.
  static constexpr std::size_t large = 64;
  /// However long a pass took (the machine may have been asleep).
  static constexpr std::chrono::milliseconds longest_wait{100};

  void began(channel_id channel, std::size_t events, steady_time now) noexcept {
    channel_ = channel;
    under_way_ = true;
    enough_ = events;
    came_ = 0;
    began_ = now;
  }
  void came(channel_id channel) noexcept {
    if (under_way_ && channel == channel_) ++came_;
  }
  void ended(steady_time now) noexcept {
    under_way_ = false;
    if (came_ >= 2 * enough_) enough_ += came_;
    next_ = now + std::min<steady_clock::duration>(2 * (now - began_), longest_wait);
  }
  /// The writes of a pass are still to be made.
  bool under_way() const noexcept { return under_way_; }
  /// When the channel's next pass may begin if `waiting` events are all that come; the past, when
  /// it need not wait.
  steady_time next(channel_id channel, std::size_t waiting) const noexcept {
    return channel == channel_ && waiting < enough_ ? next_ : steady_time{};
  }

 private:
  channel_id channel_ = 0;
  bool under_way_ = false;
  std::size_t enough_ = 0;
  std::size_t came_ = 0;
  steady_time began_{};
  steady_time next_{};
};

}  // namespace starling::actors
