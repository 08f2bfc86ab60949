/// The channels that have sessions on this node, by name and by number.
#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "actors/base/shard_counts.hpp"
#include "actors/messages/session.hpp"
#include "cluster/partition.hpp"

namespace starling::actors {

struct live_channel {
  channel_ptr channel;
  channel_id id = 0;
  shard_counts members;        ///< sessions that get its events
  std::uint32_t reserved = 0;  ///< joins under way
  bool live = false;           ///< the sequencer's: its subscription is known to be active
  sequence delivered = 0;      ///< the sequencer's: nothing up to here is delivered any more
};

/// Owns them; their addresses last until they are removed. Plain state.
///
/// A channel_id holds the channel's slot, which is used again, and a number that is not: who still
/// has the id of a channel that is gone finds nothing. One node of a hash table and 8 bytes a
/// channel.
class live_channels {
 public:
  explicit live_channels(cluster::partition_id partition = {}) : partition_(partition) {}

  live_channel* find(const channel& channel) noexcept;
  live_channel* find(channel_id id) noexcept;
  /// For an id that is known to live.
  live_channel& at(channel_id id) const noexcept { return *slots_[slot_of(id)]; }
  /// A new one, with an id nobody has had.
  live_channel& add(const channel_ptr& channel);
  void remove(const live_channel& gone);
  std::size_t size() const noexcept { return by_name_.size(); }

  template <class F>
  void for_each(F&& visit) const {
    for (auto* each : slots_)
      if (each) visit(*each);
  }
  /// Unlike an id it is used again; small, so that a table can be kept by it.
  static std::size_t slot_of(channel_id id) noexcept { return id & ((1u << slot_bits) - 1); }
  /// The first one behind `slot`, which becomes its own, or nullptr. For a walk in steps; what is
  /// added meanwhile may be missed.
  live_channel* next(std::size_t& slot) noexcept;

 private:
  static constexpr unsigned slot_bits = 24, partition_bits = 6;

  struct by_text {
    using is_transparent = void;
    static const channel& of(const channel& c) noexcept { return c; }
    static const channel& of(const live_channel& c) noexcept { return *c.channel; }
    std::size_t operator()(const auto& c) const noexcept { return std::hash<channel>{}(of(c)); }
    bool operator()(const auto& a, const auto& b) const noexcept { return of(a) == of(b); }
  };
  /// Of the values only `channel` must never change.
  std::unordered_set<live_channel, by_text, by_text> by_name_;
  std::vector<live_channel*> slots_{nullptr};  ///< slot 0 stays empty: a walk begins there
  std::vector<std::uint32_t> free_;
  const cluster::partition_id partition_;
  std::uint64_t number_ = 0;
};

}  // namespace starling::actors
