/// The recent events of a live channel.
#pragma once

#include <boost/circular_buffer.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "actors/base/options.hpp"
#include "actors/messages/channel_inbox.hpp"

namespace starling::actors {

/// The latest stored events of one channel, for resumes that need not go to the store. Plain state.
class ring {
 public:
  /// Complete for everything after `from`.
  explicit ring(sequence from) : complete_after_(from) {}

  void push(publication_ptr publication, const ring_limits& limits);
  /// Events with seq > after; only meaningful when after >= complete_after().
  void copy_after(sequence after, std::vector<publication_ptr>& out) const;
  sequence complete_after() const noexcept { return complete_after_; }
  std::size_t size() const noexcept { return kept_ ? kept_->events.size() : 0; }

 private:
  struct kept {
    /// Grows with what it holds: a deque takes 576 bytes for the first event, this 16.
    boost::circular_buffer_space_optimized<publication_ptr> events{
        std::numeric_limits<std::uint32_t>::max()};
    std::size_t bytes = 0;  ///< of payloads
  };
  sequence complete_after_;
  /// Most channels are single users that hear nothing.
  std::unique_ptr<kept> kept_;
};

/// What a channel's actor gives to resumes. Plain state.
class channel_history {
 public:
  /// Complete for everything after `from`.
  explicit channel_history(sequence from) : ring_(from) {}

  void remember(publication_ptr event, const ring_limits& limits);
  /// The store began anew at `from`.
  void forget(sequence from);
  /// What is there between `after` and `position` of the wish, and what only the store has.
  replay_part answer(const replay_wanted& wish, channel_id id, channel_ptr of) const;

 private:
  sequence last_ = 0;
  ring ring_;
};

}  // namespace starling::actors
