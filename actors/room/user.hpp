/// The supervisor of one user's sessions on this node, and the channel of events sent to the user.
#pragma once

#include "actors/base/context.hpp"
#include "actors/room/feed_state.hpp"
#include "actors/room/session_table.hpp"
#include "actors/room/user_control.hpp"
#include "actors/runtime/pinned_actor.hpp"

namespace starling::actors {

/// Spawned by the bridge for a user's first session, stopped by it after the last.
///
/// Guarantees: one session per device, at most `sessions.max_per_user` per user over the whole
/// cluster: supervisors of a user tell each other who comes and goes and apply the same rule
/// (session_table). With `reject-new` a newcomer waits until the other nodes had time to object.
/// Thread: the bridge's shard. Dies of a fault alone: the bridge builds it anew from its members.
class user final : public pinned_actor {
 public:
  user(caf::actor_config& cfg, node_context& node, channel_ptr where, feed_id id, sequence from,
       shard_counts members);
  const char* name() const override { return "user"; }

 protected:
  void receive(caf::type_erased_tuple& message) override;
  void on_exit() override;

 private:
  void consider(const ticket_ptr& ticket);
  void settle();
  void remove(const detach_member& who);
  void hear(const user_control& told);
  void rebuild(const members_report& report);
  void forget_node(const node_id& node);
  void enforce();
  void say(const user_control& what);
  user_control introduction(bool ask) const;

  node_context& node_;
  feed_state feed_;
  session_table sessions_;
  /// Newcomers under `reject-new` while other nodes may still object.
  std::vector<ticket_ptr> waiting_;
  bool introduced_ = false;  ///< other nodes were asked for their sessions
};

}  // namespace starling::actors
