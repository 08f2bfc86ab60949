/// Stored events that wait, in order, and how many may.
#pragma once

#include <cstddef>
#include <deque>
#include <utility>

#include "net/base/event.hpp"

namespace starling::actors {

struct event_bounds {
  std::size_t events;
  std::size_t bytes;
};

/// What an event takes in memory, about; what it shares with others is counted as its own.
inline std::size_t footprint(const stored_event& of) noexcept {
  const auto& e = of.event;
  return sizeof of + e.data.size() + e.id.size() + e.name.size() + e.sender.size() +
         e.channel.name.size() + e.exclude.size() * sizeof(session_id);
}

/// A queue that knows its size. Plain state.
class held_events {
 public:
  explicit held_events(const event_bounds& most) noexcept : most_(most) {}

  void push_back(stored_event&& next) {
    bytes_ += footprint(next);
    events_.push_back(std::move(next));
  }
  void push_front(stored_event&& first) {
    bytes_ += footprint(first);
    events_.push_front(std::move(first));
  }
  stored_event pop_front() {
    auto out = std::move(events_.front());
    events_.pop_front();
    bytes_ -= footprint(out);
    return out;
  }
  void clear() noexcept {
    events_.clear();
    bytes_ = 0;
  }
  bool empty() const noexcept { return events_.empty(); }
  std::size_t size() const noexcept { return events_.size(); }
  std::size_t bytes() const noexcept { return bytes_; }
  bool too_many() const noexcept { return size() > most_.events || bytes_ > most_.bytes; }
  auto begin() const noexcept { return events_.begin(); }
  auto end() const noexcept { return events_.end(); }

 private:
  const event_bounds most_;
  std::deque<stored_event> events_;
  std::size_t bytes_ = 0;
};

}  // namespace starling::actors
