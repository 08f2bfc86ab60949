/// The channels that have sessions on this node, by name and by number.
#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "actors/base/shard_counts.hpp"
#include "actors/messages/channel_inbox.hpp"

namespace starling::actors {

struct live_channel {
  channel_ptr where;
  feed_id id = 0;
  handle<channel_inbox> feed;
  sequence through = 0;        ///< everything of this channel up to here was handed to the feed
  shard_counts members;        ///< sessions attached
  std::uint32_t reserved = 0;  ///< joins under way
  bool live = false;           ///< its subscription is known to be active
};

/// Its actor by its kind: users' channels have user actors, all others rooms.
inline handle<user_inbox> user_of(const live_channel& e) {
  return handle<user_inbox>(e.feed.pointer());
}
inline handle<room_inbox> room_of(const live_channel& e) {
  return handle<room_inbox>(e.feed.pointer());
}

/// Owns them; their addresses last until they are removed. Plain state.
///
/// A feed_id holds the channel's slot, which is used again, and a number that is not: who still has
/// the id of a channel that is gone finds nothing. One node of a hash table and 8 bytes a channel.
class live_channels {
 public:
  live_channel* find(const channel& where) noexcept;
  live_channel* find(feed_id id) noexcept;
  /// For an id that is known to live.
  live_channel& at(feed_id id) const noexcept { return *slots_[slot_of(id)]; }
  /// A new one, with an id nobody has had.
  live_channel& add(const channel_ptr& where);
  void remove(const live_channel& what);
  std::size_t size() const noexcept { return by_name_.size(); }

  template <class F>
  void for_each(F&& what) const {
    for (auto* each : slots_)
      if (each) what(*each);
  }
  /// The first one behind `slot`, which becomes its own, or nullptr. For a walk in steps; what is
  /// added meanwhile may be missed.
  live_channel* next(std::size_t& slot) noexcept;

 private:
  static std::size_t slot_of(feed_id id) noexcept { return id & 0xffffffff; }

  struct by_text {
    using is_transparent = void;
    static const channel& of(const channel& c) noexcept { return c; }
    static const channel& of(const live_channel& c) noexcept { return *c.where; }
    std::size_t operator()(const auto& c) const noexcept { return std::hash<channel>{}(of(c)); }
    bool operator()(const auto& a, const auto& b) const noexcept { return of(a) == of(b); }
  };
  /// Of the values only `where` must never change.
  std::unordered_set<live_channel, by_text, by_text> by_name_;
  std::vector<live_channel*> slots_{nullptr};  ///< slot 0 stays empty: a walk begins there
  std::vector<std::uint32_t> free_;
  std::uint64_t number_ = 0;
};

}  // namespace starling::actors
