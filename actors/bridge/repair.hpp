/// A look into the store for what did not arrive.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <vector>

#include "actors/base/range_read.hpp"
#include "actors/bridge/held_events.hpp"
#include "actors/bridge/live_channels.hpp"
#include "cluster/event_log.hpp"

namespace starling::actors {

struct repair_limits {
  std::size_t page = 4'096;               ///< events of one read
  std::size_t reads = 64;                 ///< under way at a time
  event_bounds found{65'536, 64u << 20};  ///< kept before some of them are delivered
};

/// Reads the holes of several channels and merges what it finds, in rounds: each gives everything
/// up to one position. There is one round, unless more is found than may be kept: then the upper
/// part is thrown away and read again in the next. Plain state.
class repair {
 public:
  struct hole {
    channel_id id;
    sequence after;  ///< everything before is there
    sequence known;  ///< read up to here
    sequence up_to;  ///< nothing later is missing
    bool dropped;    ///< the store no longer has all of it
  };
  struct missed_event {
    std::size_t hole;
    stored_event stored;
  };

  /// `next`: nothing between what is found and this position is delivered later. `fence`: position
  /// of the fence that is complete when this is done.
  repair(std::uint64_t number, sequence next, std::optional<sequence> fence,
         const repair_limits& limits)
      : number_(number), next_(next), fence_(fence), limits_(limits) {}

  void add(const live_channel& of, sequence up_to);
  std::uint64_t number() const noexcept { return number_; }
  std::optional<sequence> fence() const noexcept { return fence_; }

  /// What is to be read now, as long as not too much is under way.
  std::optional<range_read> begin_read();
  const hole& hole_of(const range_read& range) const { return holes_[range.hole]; }
  void take(const range_read& range, cluster::log_page&& page);
  /// The round is done: `found`, ascending, is everything up to what is known of each hole.
  bool round_done() const noexcept { return under_way_ == 0 && to_read_.empty(); }
  std::vector<missed_event> take_found();
  std::vector<hole>& holes() noexcept { return holes_; }
  /// Nothing between what this round found and this position is delivered later.
  sequence next() const noexcept { return end_ < next_ ? end_ + 1 : next_; }
  /// Goes on with the next round; false: there is none.
  bool begin_round();

 private:
  void keep_lower_half();
  sequence known_of(const hole& h, sequence read) const noexcept {
    return std::max(h.after, std::min(read, end_));
  }
  bool to_be_read(const hole& h) const noexcept { return h.known < std::min(h.up_to, end_); }
  static constexpr sequence no_end = std::numeric_limits<sequence>::max();

  const std::uint64_t number_;
  const sequence next_;
  const std::optional<sequence> fence_;
  const repair_limits limits_;
  std::vector<hole> holes_;
  std::deque<std::size_t> to_read_;  ///< into holes_
  std::size_t under_way_ = 0;
  sequence end_ = no_end;  ///< of this round: what is later is read again
  std::vector<missed_event> found_;
  std::size_t found_bytes_ = 0;
};

}  // namespace starling::actors
