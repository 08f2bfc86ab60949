/// One live room on this node (or the audience of a whole tenant, kind `all`).
#pragma once

#include "actors/messages/context.hpp"
#include "actors/room/feed_state.hpp"
#include "actors/room/member_set.hpp"

namespace starling::actors {

/// Spawned by the bridge when the first session joins, stopped by it when the last one left.
///
/// Guarantees: each shard with members gets one fan_out per event, in position order; a member that
/// attaches at position p gets everything after p live and what it asked for before p as replay.
/// Thread: the bridge's shard. Dies of a fault alone: the bridge builds it anew from its members.
class room final : public room_inbox {
 public:
  room(caf::actor_config& cfg, node_context& node, channel_ptr where, feed_id id, sequence from,
       shard_counts members);
  std::string_view name() const noexcept override { return "room"; }
  fault_policy policy() const noexcept override { return fault_policy::end_actor; }

  void on(inbound& event) override;
  void on(attach_member& request) override;
  void on(detach_member& request) override;
  void on(forget_history& anew) override;
  void on(members_report& report) override;
  void on(presence_query& query) override;

 protected:
  void on_exit() override;

 private:
  std::vector<net::presence_user> present() const;

  node_context& node_;
  feed_state feed_;
  member_set members_;  ///< sessions of a tenant's audience are only counted
};

}  // namespace starling::actors
