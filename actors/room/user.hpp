/// The supervisor of one user's sessions on this node, and the channel of events sent to the user.
#pragma once

#include "actors/messages/context.hpp"
#include "actors/room/channel_history.hpp"
#include "actors/room/session_table.hpp"
#include "actors/room/user_control.hpp"

namespace starling::actors {

/// Spawned by the bridge for a user's first session, stopped by it after the last.
///
/// Guarantees: one session per device, at most `sessions.max_per_user` per user over the whole
/// cluster: supervisors of a user tell each other who comes and goes and apply the same rule
/// (session_table). With `reject-new` a newcomer waits until the other nodes had time to object.
/// Thread: a shard of its own, by hash. Dies of a fault alone: the bridge builds it anew, and its
/// sessions are reported to it.
class user final : public user_inbox {
 public:
  user(caf::actor_config& cfg, node_context& node, channel_ptr of, channel_id id, sequence from);
  std::string_view name() const noexcept override { return "user"; }
  fault_policy policy() const noexcept override { return fault_policy::end_actor; }

  void on(inbound& event) override;
  void on(detach_member& request) override;
  void on(forget_history& anew) override;
  void on(members_report& report) override;
  void on(replay_wanted& wish) override;
  void on(admit& request) override;
  void on(roster_changed& change) override;
  void on(engine_control& control) override;
  void on(node_gone& gone) override;
  void on(settled& over) override;

 protected:
  void on_exit() override;

 private:
  void settle();
  void hear(const user_control& told);
  void enforce();
  /// In as many messages as it takes.
  void say(user_control control);
  user_control introduction(bool ask) const;

  const handle<bridge_inbox>& bridge() const { return node_.bridge_of(of_->tenant); }
  handle<user_inbox> self() { return handle<user_inbox>(*this); }

  node_context& node_;
  const channel_ptr of_;
  const channel_id id_;
  channel_history history_;
  session_table sessions_;
  /// Newcomers under `reject-new` while other nodes may still object.
  std::unique_ptr<std::vector<admit>> waiting_;
  bool introduced_ = false;  ///< other nodes were asked for their sessions
};

}  // namespace starling::actors
