/// Events of one channel on their way to the members of one shard together.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "actors/base/publication.hpp"

namespace starling::actors {

/// What the fanout has collected in one pass. Touching each member once, with one frame that holds
/// all events, is what makes a large room cheap. One thread.
class batch {
 public:
  /// `max_events`: what a member with nothing to do can take at once.
  explicit batch(std::size_t max_events) : max_events_(max_events) {}

  void push(publication_ptr publication);
  void clear();

  bool empty() const noexcept { return events_.empty(); }
  /// It should be handed out now.
  bool full() const noexcept;
  std::span<const publication_ptr> events() const noexcept { return events_; }
  /// Whether every member gets all of it, so that one frame will do.
  bool uniform() const noexcept { return uniform_; }
  /// All events in one frame; the first caller per format pays for it.
  const frame& joined(net::wire_format format);
  /// Where a session is that has got all of it.
  const cursor& position() const noexcept { return position_; }

 private:
  const std::size_t max_events_;
  std::vector<publication_ptr> events_;
  std::size_t bytes_ = 0;  ///< of payloads
  bool uniform_ = true;
  cursor position_;
  std::array<frame, net::wire_format_count> joined_;
};

}  // namespace starling::actors
