/// How a channel's actor, room or user, hands an event to the shards that have members of it.
#pragma once

#include "actors/messages/context.hpp"
#include "actors/room/feed_state.hpp"

namespace starling::actors {

/// Remembers a stored event and sends one fan_out per shard with members; an event that is not
/// newer than what was handed out before is dropped. On the channel's shard.
inline void spread(const node_context& node, feed_state& feed, const publication_ptr& what) {
  if (what->stored() && !feed.remember(what, node.options.ring)) return;
  for (const auto& [shard, sessions] : feed.members().counts())
    node.fanouts[shard].send(fan_out{feed.id(), what});
}

}  // namespace starling::actors
