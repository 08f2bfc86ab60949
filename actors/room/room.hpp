/// One live room on this node (or the audience of a whole tenant, kind `all`).
#pragma once

#include "actors/messages/context.hpp"
#include "actors/room/channel_history.hpp"
#include "actors/room/member_set.hpp"

namespace starling::actors {

/// Spawned by the bridge when the channel becomes live, stopped by it when the last session left.
///
/// Not on the way of events to members: it has a copy of each in the same order, so what it answers
/// to a resume is exactly what the shards were sent up to then.
/// Thread: a shard of its own, by hash. Dies of a fault alone: the bridge builds it anew, and its
/// members are reported to it.
class room final : public room_inbox {
 public:
  room(caf::actor_config& cfg, node_context& node, channel_ptr of, channel_id id, sequence from);
  std::string_view name() const noexcept override { return "room"; }
  fault_policy policy() const noexcept override { return fault_policy::end_actor; }

  void on(inbound& event) override;
  void on(attach_member& request) override;
  void on(detach_member& request) override;
  void on(forget_history& anew) override;
  void on(members_report& report) override;
  void on(replay_wanted& wish) override;
  void on(presence_query& query) override;

 protected:
  void on_exit() override;

 private:
  std::vector<net::presence_user> present() const;

  node_context& node_;
  const channel_ptr of_;
  const channel_id id_;
  channel_history history_;
  member_set members_;  ///< of a tenant's audience nobody asks who it is: it stays empty
};

}  // namespace starling::actors
