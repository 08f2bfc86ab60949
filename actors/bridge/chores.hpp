/// What a bridge does in bites, so that events are not kept waiting by who comes and goes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <variant>
#include <vector>

#include "actors/messages/bridge_inbox.hpp"

namespace starling::actors {

/// A join that waits: for its turn, for its channels to be live, or for the user to admit it.
struct pending_join {
  join request;
  std::vector<channel_id> channels =
      {};                   ///< of request.channels, in the same order, as far as done
  std::uint64_t fence = 0;  ///< see sequencer::next_fence
};

/// One piece of work over many channels, and how many of them are done.
struct chore {
  struct reserve {  ///< the channels of a join that has come
    pending_join joining;
  };
  struct enter {  ///< a join whose channels are live
    pending_join joining;
  };
  struct leave {
    left gone;
  };
  std::variant<reserve, enter, leave> step;
  std::size_t done = 0;
};

/// Work in the order in which it came. Plain state.
class chores {
 public:
  /// Channels that are dealt with before events get their turn: about 0.3 ms.
  static constexpr std::size_t bite = 64;

  template <class Step>
  void add(Step step) {
    waiting_.push_back({std::move(step)});
  }
  bool empty() const noexcept { return waiting_.empty(); }
  std::size_t size() const noexcept { return waiting_.size(); }

  /// Deals with a bite. advance(chore&, most): works on at most `most` of its channels; whether it
  /// is done with all. What it adds stands behind the rest. False: called from within.
  template <class F>
  bool work(F&& advance) {
    if (working_) return false;
    working_ = true;
    for (std::size_t left = bite; left > 0 && !waiting_.empty();) {
      auto now = std::move(waiting_.front());
      waiting_.pop_front();
      const auto before = now.done;
      const bool over = advance(now, left);
      // Each costs something, also one without channels.
      left -= std::min(left, std::max<std::size_t>(now.done - before, 1));
      if (!over) waiting_.push_front(std::move(now));
    }
    working_ = false;
    return true;
  }

 private:
  std::deque<chore> waiting_;
  bool working_ = false;
};

}  // namespace starling::actors
