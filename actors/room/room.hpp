/// One live room on this node (or the audience of a whole tenant, kind `all`).
#pragma once

#include "actors/base/context.hpp"
#include "actors/room/feed_state.hpp"
#include "actors/room/member_set.hpp"
#include "actors/runtime/pinned_actor.hpp"

namespace starling::actors {

/// Spawned by the bridge when the first session joins, stopped by it when the last one left.
///
/// Guarantees: each shard with members gets one fan_out per event, in position order; a member that
/// attaches at position p gets everything after p live and what it asked for before p as replay.
/// Thread: the bridge's shard. Dies of a fault alone: the bridge builds it anew from its members.
class room final : public pinned_actor {
 public:
  room(caf::actor_config& cfg, node_context& node, channel_ptr where, feed_id id, sequence from,
       shard_counts members);
  const char* name() const override { return "room"; }

 protected:
  void receive(caf::type_erased_tuple& message) override;
  void on_exit() override;

 private:
  void add(attach_member& who);
  void remove(const detach_member& who);
  void rebuild(const members_report& report);
  std::vector<net::presence_user> present() const;

  node_context& node_;
  feed_state feed_;
  member_set members_;  ///< sessions of a tenant's audience are only counted
};

}  // namespace starling::actors
