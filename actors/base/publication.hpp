/// One event on its way through this node, shared by every room, shard and session it passes.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "net/base/event.hpp"
#include "net/base/frame.hpp"
#include "net/wire/protocol.hpp"

namespace starling::actors {

/// Immutable but for a cache: the bytes of each wire format are made once, by whoever needs them
/// first. Any thread.
class publication {
 public:
  /// `at`: what the event's SSE id says. Stored events: their own position. Ephemeral ones: the
  /// position everything before them has reached. `seq` is 0 for ephemeral events.
  publication(starling::event event, cursor at, sequence seq);
  /// A notice of this node to a channel's members (a gap): `data` is a JSON object.
  static std::shared_ptr<const publication> notice(starling::event event, cursor at);
  ~publication();
  publication(const publication&) = delete;
  publication& operator=(const publication&) = delete;

  const starling::event& event() const noexcept { return event_; }
  const cursor& at() const noexcept { return at_; }
  sequence seq() const noexcept { return seq_; }
  bool stored() const noexcept { return seq_ != 0; }

  /// Is `room` one of the targets that came before this one in the same publish? In constant time.
  bool went_to(std::string_view room) const;
  /// The encoded event; the first caller per format pays for it.
  const frame& frame_for(net::wire_format format) const;

 private:
  const starling::event event_;
  const cursor at_;
  const sequence seq_;
  bool notice_ = false;
  using names = std::unordered_set<std::string_view>;
  mutable std::atomic<const names*> earlier_{nullptr};  ///< when there are many
  mutable std::array<std::atomic<const frame*>, net::wire_format_count> frames_{};
};

using publication_ptr = std::shared_ptr<const publication>;

}  // namespace starling::actors
