/// Between the engine and the shards: one partition's events in order to whoever has members, and
/// who joins at which position.
#pragma once

#include <unordered_map>
#include <vector>

#include "actors/bridge/channel_actors.hpp"
#include "actors/bridge/chores.hpp"
#include "actors/bridge/live_channels.hpp"
#include "actors/bridge/opening_joins.hpp"
#include "actors/bridge/sequencer.hpp"
#include "actors/messages/context.hpp"
#include "cluster/partition.hpp"

namespace starling::actors {

/// One per partition. Its sequencer puts events in order; the bridge sends each to the shards that
/// have members of the channel, and a copy of stored ones to the channel's actor, which keeps what
/// a resume needs. It follows channels at the engine and starts and stops their actors, which live
/// on shards of their own.
///
/// Why one for all channels of a partition: an SSE id is a single number for all rooms of a
/// session, so it may pass p only when every event up to p has been sent on.
///
/// A join is fixed here: from its position on the session's shard gets events; what was before
/// comes from the channels' actors, which have seen the same events in the same order.
///
/// Who comes and goes is dealt with in bites of chores::bite channels: events that come meanwhile
/// wait for one bite, however many rooms a session asks for.
/// Thread: its home shard; never blocks. Dies with the process.
class bridge final : public bridge_inbox, private sequencer_output {
 public:
  bridge(caf::actor_config& cfg, node_context& node, cluster::partition_id partition);
  std::string_view name() const noexcept override { return "bridge"; }
  fault_policy policy() const noexcept override { return fault_policy::end_process; }

  // events and the engine
  void on(engine_stored& arrived) override;
  void on(engine_ephemeral& arrived) override;
  void on(engine_control& told) override;
  void on(engine_changed& change) override;
  void on(engine_leader_changed&) override { order_.leader_changed(); }
  void on(reorder_due&) override;
  void on(store_state& answer) override;
  void on(fence_failed& failed) override { order_.fence_failed(failed.number, failed.why); }
  void on(repair_read& answer) override;
  void on(last_stored& answer) override { order_.last_known(answer.channel, answer.last); }
  void on(tick&) override;
  // sessions (bridge_joins.cpp)
  void on(join& request) override;
  void on(chores_due&) override;
  void on(admitted& answer) override;
  void on(turned_away& answer) override;
  void on(left& gone) override;
  void on(members_report& report) override;
  void on(roster_changed& change) override;
  void on(node_gone& gone) override;
  void on(channel_died& dead) override;
  // questions
  void on(channels_query& query) override;
  void on(presence_query& query) override;

 private:
  /// Channels' actors end before it does: their last words are to it.
  void on_exit() override;

  // sequencer_output
  void deliver(live_channel& to, publication_ptr event) override;
  void read(const channel& of, const range_read& range) override;
  void store_fence(std::uint64_t number, event fence) override;
  void ask_state() override;
  void ask_last(const live_channel& of) override;
  void lost(live_channel& from, std::string_view reason) override;
  void recovered(std::size_t count) override;
  void epoch_began(const cluster::log_state& store, bool anew) override;
  void waiting_refused(const std::string& reason) override;
  void settled() override { release_waiting(); }
  void wake_reorder(std::chrono::milliseconds delay) override;

  void send_to_members(const live_channel& of, const publication_ptr& event);
  void show_position();
  shard_metrics& metrics();
  void work();
  /// See chores::work.
  bool advance(chore& now, std::size_t most);
  void reserved(pending_join&& pending);
  void entered(pending_join&& pending);
  void leave_channel(const left& gone, channel_id which);
  void release_waiting();
  void enter(pending_join&& pending);
  void refuse(pending_join&& pending, std::string reason);
  void refuse_admitting(channel_id user);
  live_channel& ensure(const channel_ptr& wanted);
  void start_actor(live_channel& of);
  void release(channel_id reserved);
  void retire_if_unused(live_channel& candidate);

  cluster::event_log& history() const { return node_.engine->history(partition_); }
  handle<bridge_inbox> self() { return handle<bridge_inbox>(*this); }

  node_context& node_;
  const cluster::partition_id partition_;
  partition_state& shown_;
  const channel fences_;
  live_channels channels_;
  channel_actors actors_;
  sequencer order_;
  chores chores_;
  bool chores_announced_ = false;                              ///< a chores_due is under way
  std::vector<pending_join> waiting_;                          ///< for their channels
  std::unordered_map<std::uint64_t, pending_join> admitting_;  ///< by number: for their user
  opening_joins opening_;                                      ///< of all of these
  std::uint64_t joins_ = 0;
};

}  // namespace starling::actors
