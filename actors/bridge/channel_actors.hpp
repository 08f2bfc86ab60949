/// The actors of a partition's live channels.
#pragma once

#include <utility>
#include <vector>

#include "actors/bridge/live_channels.hpp"
#include "actors/messages/channel_inbox.hpp"

namespace starling::actors {

/// Beside the table of channels and not in it: what the sequencer works on knows no actors. By the
/// channels' slots, 8 bytes each.
class channel_actors {
 public:
  /// As what all of them take. Empty before it has begun.
  const handle<channel_inbox>& any(const live_channel& of) const noexcept {
    const auto slot = live_channels::slot_of(of.id);
    return slot < by_slot_.size() ? by_slot_[slot] : none_;
  }
  /// As what it is: users' channels have user actors, all others rooms. Empty when it is the other
  /// kind, or has not begun.
  handle<user_inbox> user(const live_channel& of) const { return widen<user_inbox>(any(of)); }
  handle<room_inbox> room(const live_channel& of) const { return widen<room_inbox>(any(of)); }

  void set(const live_channel& of, handle<channel_inbox> actor) {
    const auto slot = live_channels::slot_of(of.id);
    if (slot >= by_slot_.size()) by_slot_.resize(slot + 1);
    by_slot_[slot] = std::move(actor);
  }
  /// Ends it. The slot is free for another channel's.
  void stop(const live_channel& of) {
    if (!any(of)) return;
    any(of).stop();
    set(of, nullptr);
  }

 private:
  const handle<channel_inbox> none_;
  std::vector<handle<channel_inbox>> by_slot_;
};

}  // namespace starling::actors
