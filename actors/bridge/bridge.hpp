/// Between the engine and the rooms: order, holes, who is live, and who joins at which position.
#pragma once

#include <deque>
#include <memory>
#include <unordered_set>
#include <vector>

#include "actors/base/recent_ids.hpp"
#include "actors/bridge/live_channels.hpp"
#include "actors/bridge/reorder.hpp"
#include "actors/messages/context.hpp"

namespace starling::actors {

/// One per node. Spawns and stops room and user actors, follows their channels at the engine, and
/// hands them events in one global order.
///
/// Why one for all rooms: an SSE id is a single number for all rooms of a session, so it may pass p
/// only when every event up to p has been handed out. One thread and one queue give that for free;
/// it costs a few microseconds per event, and the store gives at most some 50,000 events a second.
///
/// The *fence*: a stored event of this node's own. When it comes back, every subscription made
/// before it is active at the engine and everything stored before it has arrived; its sequence is
/// the position of all joins that waited for it.
/// Thread: the home shard (0). Plain bookkeeping; never blocks.
class bridge final : public bridge_inbox {
 public:
  bridge(caf::actor_config& cfg, node_context& node);
  std::string_view name() const noexcept override { return "bridge"; }
  fault_policy policy() const noexcept override { return fault_policy::end_process; }

  void on(engine_stored& arrived) override { take_arrived(std::move(arrived.what)); }
  void on(engine_ephemeral& arrived) override { take_ephemeral(std::move(arrived.what)); }
  void on(engine_control& told) override { take_control(std::move(told)); }
  void on(engine_changed& change) override { engine_state(change); }
  void on(engine_leader_changed&) override { begin_catch_up(); }
  void on(early_due&) override;
  void on(store_state& answer) override { take_state(answer); }
  void on(fence_failed& failed) override { fence_lost(failed); }
  void on(repair_read& answer) override { take_repair(answer); }
  void on(replay_read& answer) override { take_replay(answer); }
  void on(last_stored& answer) override { take_last(answer); }
  void on(join& request) override { begin_join(request.ticket); }
  void on(admitted& request) override;
  void on(turned_away& request) override;
  void on(attached& request) override { finish_attach(request.ticket); }
  void on(left& gone) override { remove_member(gone); }
  void on(feed_died& dead) override { rebuild(dead); }
  void on(node_gone& gone) override;
  void on(tick&) override { every_second(); }
  void on(channels_query& query) override { list_channels(query); }
  void on(presence_query& query) override;

 private:
  using entry = live_channel;
  /// A look into the store for what did not arrive; later events wait.
  struct repair {
    std::uint64_t number = 0;
    sequence next = 0;  ///< nothing between what it finds and this position is handed out later
    std::size_t reads = 0;
    bool failed = false;
    std::vector<stored_event> found;
    std::vector<channel> lost;  ///< of which the store has dropped what was missed
    std::vector<std::pair<feed_id, sequence>> reach;  ///< each feed is complete through here then
  };

  /// A channel of which the store has more than was handed out: perhaps still on its way.
  struct suspect {
    feed_id feed;
    sequence last;
    std::uint64_t fence;  ///< if it is not here when this fence is, it will not come
  };

  /// An event that was handed out after later ones of other channels.
  struct late_event {
    publication_ptr what;
    sequence seen_from;  ///< clients with a cursor below have not had it from this node
  };

  // joining and leaving (bridge_joins.cpp)
  void read_for_replay(const ticket_ptr& ticket, std::size_t which);
  void begin_join(const ticket_ptr& ticket);
  void attach_all(const ticket_ptr& ticket);
  void add_late(join_ticket& ticket) const;
  void finish_attach(const ticket_ptr& ticket);
  void take_replay(replay_read& answer);
  void finish_replay(const ticket_ptr& ticket);
  void let_go(entry& e);  ///< what a join had reserved
  void remove_member(const left& who);
  entry& ensure(const channel_ptr& where);
  void spawn_feed(entry& e);
  void rebuild(const feed_died& dead);
  void retire_if_unused(entry& e);
  void refuse(const ticket_ptr& ticket, std::string reason);
  void refuse_admitting(feed_id user);
  void refuse_waiting(const std::string& reason);
  bool needs_fence(const join_ticket& ticket) const;
  void release_waiting();

  // events (bridge_events.cpp)
  void take_arrived(stored_event&& what);
  void await_early();
  void take_stored(stored_event&& what);
  void take_ordered(stored_event&& what);
  bool is_current_fence(const event& what) const;
  void hand_out(entry& e, event&& what, sequence seq, sequence at);
  void take_ephemeral(event&& what);
  void take_control(engine_control&& told);
  void want_fence();
  void send_fence();
  void fence_arrived(sequence seq);
  void engine_state(const engine_changed& change);
  void ask_for_state();
  void take_state(const store_state& answer);
  void begin_catch_up();
  void fence_lost(const fence_failed& failed);
  void every_second();

  // what did not arrive (bridge_repairs.cpp)
  std::vector<std::pair<entry*, sequence>> holes_before(sequence fence);
  void begin_repair(std::vector<std::pair<entry*, sequence>> holes, sequence next);
  void read_for_repair(const channel& where, sequence after, sequence through);
  void take_repair(repair_read& answer);
  void finish_repair();
  void hand_out_held();
  void remember_late(const publication_ptr& what, sequence before);
  void tell_of_loss(const channel& where, std::string_view reason);
  void sweep();
  void take_last(const last_stored& answer);

  void list_channels(const channels_query& query) const;
  handle<bridge_inbox> self() { return handle<bridge_inbox>(*this); }

  node_context& node_;
  live_channels channels_;
  std::size_t rooms_ = 0;
  std::size_t users_ = 0;

  epoch_id epoch_ = 0;
  sequence position_ = 0;

  channel fence_channel_;
  std::uint64_t fence_sent_ = 0;  ///< number of the latest fence
  std::uint64_t fence_seen_ = 0;  ///< number of the latest that came back
  bool fence_wanted_ = false;     ///< another one, when the current is back
  std::int64_t fence_sent_ms_ = 0;
  std::vector<feed_id> behind_fence_;         ///< become live with the fence under way
  std::vector<feed_id> behind_next_fence_;    ///< ... with the one after
  std::vector<ticket_ptr> waiting_;           ///< joins for a fence
  std::unordered_set<ticket_ptr> admitting_;  ///< joins of which the user has not decided yet

  bool engine_up_ = false;
  bool state_unknown_ = true;  ///< connected, but not yet told which life of the store this is
  bool catch_up_ = false;      ///< the fence under way ends an outage: everything may have holes
  std::unique_ptr<repair> repair_;
  std::uint64_t repairs_ = 0;
  std::deque<stored_event> held_;
  reorder early_;
  bool early_awaited_ = false;
  std::deque<late_event> late_;  ///< the latest of them

  recent_ids ephemeral_;

  std::size_t swept_ = 0;        ///< the sweep goes on behind this slot
  std::size_t sweep_asked_ = 0;  ///< its questions under way
  std::vector<suspect> suspects_;
};

}  // namespace starling::actors
