/// Which rooms a session is in when it is in several, and which of them an event was for.
#pragma once

#include <cstdint>

namespace starling::bench {

/// Rooms are dealt to groups in turn, so that events for one room after the other go to sessions
/// all over: of G groups, group g has rooms g, g + G, g + 2G, ... A session belongs to one group
/// and is in each of its rooms. A *subscription* is one session in one room: what the ledger
/// keeps books of. With one room per session, groups are rooms and subscriptions are sessions.
struct room_layout {
  std::uint32_t rooms = 1;
  std::uint32_t per_session = 1;  // divides `rooms`

  std::uint32_t groups() const noexcept { return rooms / per_session; }
  /// Room number `slot` (from 0, below per_session) of a session of `group`.
  std::uint32_t room(std::uint32_t group, std::uint32_t slot) const noexcept {
    return group + slot * groups();
  }
  std::uint32_t subscription(std::uint32_t session, std::uint32_t slot) const noexcept {
    return session * per_session + slot;
  }

  /// The number event `n` of a room carries: a session tells from it which of its rooms is meant.
  std::uint64_t mark(std::uint32_t room, std::uint64_t n) const noexcept {
    return n * per_session + room / groups();
  }
  std::uint32_t slot_of(std::uint64_t mark) const noexcept {
    return static_cast<std::uint32_t>(mark % per_session);
  }
  std::uint64_t n_of(std::uint64_t mark) const noexcept { return mark / per_session; }
};

}  // namespace starling::bench
