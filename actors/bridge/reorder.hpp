/// Stored events back into the store's order.
#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <vector>

#include "actors/bridge/held_events.hpp"
#include "net/base/clock.hpp"
#include "net/base/event.hpp"

namespace starling::actors {

/// Holds an event back while an earlier one may still come: when the store hands on out of order
/// (event_log::disorder), a gap before an event is either an event of a channel that this node does
/// not follow, or one that comes in a moment. At most `most` wait: beyond that all of them are
/// handed on. Plain state, one thread.
class reorder {
 public:
  /// `hold`: how long a gap is waited for; 0 hands on everything as it comes.
  explicit reorder(std::chrono::milliseconds hold,
                   const event_bounds& most = {4'096, 16u << 20}) noexcept
      : hold_(hold), most_(most) {}

  /// Nothing waits and nothing is missing before this one: it counts as handed on. Otherwise push.
  bool passes(sequence seq) noexcept {
    if (!early_.empty() || (hold_.count() > 0 && seq > top_ + 1)) return false;
    top_ = std::max(top_, seq);
    return true;
  }

  /// Takes one that arrived; answers those to be handed on now, in order.
  std::vector<stored_event> push(stored_event stored, steady_time now);
  /// Those whose gap has been waited for long enough, and what follows them without one.
  std::vector<stored_event> due(steady_time now);
  bool waiting() const noexcept { return !early_.empty(); }
  std::size_t size() const noexcept { return early_.size(); }
  /// When due() has something, if something waits; rounded up.
  std::chrono::milliseconds next_due(steady_time now) const noexcept;
  /// Forgets what waits. Everything up to `up_to` has been.
  void restart(sequence up_to);

 private:
  struct early {
    stored_event stored;
    steady_time arrived;
  };
  void release(std::map<sequence, early>::iterator end, std::vector<stored_event>& out);

  const std::chrono::milliseconds hold_;
  const event_bounds most_;
  sequence top_ = 0;  ///< the highest handed on
  std::map<sequence, early> early_;
  std::size_t bytes_ = 0;  ///< of what waits
};

}  // namespace starling::actors
