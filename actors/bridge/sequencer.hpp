/// The order of one partition: stored events in, publications in one global order out.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "actors/base/options.hpp"
#include "actors/base/publication.hpp"
#include "actors/base/recent_ids.hpp"
#include "actors/bridge/fences.hpp"
#include "actors/bridge/held_events.hpp"
#include "actors/bridge/late_events.hpp"
#include "actors/bridge/live_channels.hpp"
#include "actors/bridge/reorder.hpp"
#include "actors/bridge/repair.hpp"
#include "actors/bridge/sweep.hpp"
#include "cluster/event_log.hpp"
#include "net/base/clock.hpp"
#include "net/base/result.hpp"

namespace starling::actors {

enum class sequencer_phase {
  away,         ///< the engine is not there
  opening,      ///< it is; which life of the store this is has been asked for
  catching_up,  ///< a fence will say up to where everything is to be read again
  live,
  repairing  ///< what is missing is being read; later events wait
};

struct sequencer_options {
  std::chrono::milliseconds disorder{0};    ///< event_log::disorder
  std::chrono::seconds dedupe_window{120};  ///< of ephemeral events whose id the publisher gave
  sweep_options sweep;
  event_bounds held{65'536, 64u << 20};  ///< events that wait for a catch-up or a repair
  unsigned overflows = 3;                ///< of `held` in a row, before events are given up
  repair_limits repair;
  event_bounds reordered{4'096, 16u << 20};  ///< events that wait for an earlier one
};

/// What a sequencer wants done. Implemented by its owner, which must not call back from within,
/// but where it says so.
class sequencer_output {
 public:
  /// The next event of a live channel, stored or ephemeral. Ids (`publication::at`) never decrease.
  virtual void deliver(live_channel& to, publication_ptr publication) = 0;
  /// Read `range` of `channel` and answer with sequencer::page, also when it failed.
  virtual void read(const channel& channel, const range_read& range) = 0;
  /// Store `fence`; sequencer::fence_failed if that fails. It comes back as sequencer::stored.
  virtual void store_fence(std::uint64_t number, event fence) = 0;
  /// Ask where the store stands; answer with sequencer::state, also when it failed.
  virtual void ask_state() = 0;
  /// Ask for the last sequence of `of`; answer with sequencer::last_known, also when it failed.
  virtual void ask_last(const live_channel& of) = 0;
  /// Members of `from` may have missed events up to here that nobody can give them any more.
  /// `reason`: "expired" (the store has dropped them) or "overload" (see sequencer).
  virtual void lost(live_channel& from, std::string_view reason) = 0;
  /// `count` events were missing and have been found in the store; they are delivered next.
  virtual void recovered(std::size_t count) = 0;
  /// The store is there, for the first time or (`anew`) in another life: everything known of the
  /// former one is void. position() is the new one. The fences' channel has to be followed.
  virtual void epoch_began(const cluster::log_state& store, bool anew) = 0;
  /// Joins that wait will not be served soon. May remove channels.
  virtual void waiting_refused(const std::string& reason) = 0;
  /// No hole is open and a fence is back or a repair done: joins that wait may go on. May call
  /// back follow, want_fence and queries; may remove channels.
  virtual void settled() = 0;
  /// Call sequencer::reorder_due after `delay`. Only one such call is under way at a time.
  virtual void wake_reorder(std::chrono::milliseconds delay) = 0;

 protected:
  ~sequencer_output() = default;
};

/// Order, holes, fences, repairs, sweeps, late events and outages of one partition.
///
/// Guarantees: when an event with position p is delivered, everything of live channels below p has
/// been delivered or reported lost, as far as anything has told of it; what is found later (a
/// *late* event) gets an id beyond p. Each stored event of a live channel is delivered once, but
/// those that nobody can read, which only take their place.
///
/// The *fence* is a stored event of the owner's own channel. When it comes back, every subscription
/// made before it is active and everything stored before it has arrived: its sequence is where the
/// channels that wait for it become live. After an outage everything up to a fence is read again.
///
/// Bounds. Events that wait (`held`): at the bound all of them are dropped and the last position of
/// each channel among them is noted; they are in the store, and read up to there when the repair
/// under way is done (a catch-up reads every live channel anyway). If that overflows `overflows`
/// times in a row, channels with dropped events are told lost("overload") and the rest goes on.
/// A repair keeps at most repair_limits::found and delivers in rounds. Events that wait for an
/// earlier one (`reordered`): at the bound none waits any longer, and the earlier one is a late
/// event. Doubts of the sweep: at most one per channel that is asked about in a second.
///
///   input         away     opening      catching_up    live                repairing
///   engine_up     opening  opening      opening        opening             opening
///   engine_down   -        away         away           away                away
///   state         -        catching_up  (1)            (1)                 (1)
///   stored        dropped  held         held           delivered, or a     held
///                                                      hole: repairing
///   ... a fence   dropped  held         repairing      repairing           held
///   fence_failed  -        -            (2) next tick  (2)                 (2)
///   page          -        -            -              -                   done: live
///                                                                          failed: catching_up (2)
///   last_known    -        -            -              a doubt: fence      a doubt: fence
///   leader_changed -       -            catching_up    catching_up         catching_up
///   tick          -        asks state   fence overdue: fence overdue:      fence overdue: (2)
///                                       another (2)    catching_up (2)
///   ephemeral     delivered if its channel is live, whatever the phase
/// (1) the same life of the store: nothing; another: catching_up from its end. (2) joins that wait
/// are refused. A repair without holes is done at once; so a fence that finds none keeps it live.
///
/// Plain state: no threads, no clock (`now` comes with the call). One thread.
class sequencer {
 public:
  /// `channels` is shared with the owner, who adds and removes; `live` and `delivered` of an entry
  /// are the sequencer's. `fences`: the channel of this node's own events.
  sequencer(live_channels& channels, sequencer_output& output, channel fences,
            const sequencer_options& options);

  // What happens at the engine.
  void engine_up(steady_time now);
  void engine_down(const std::string& reason);
  void state(const result<cluster::log_state>& answer, steady_time now);
  void leader_changed();
  void stored(stored_event&& stored, steady_time now);
  void ephemeral(event&& event, steady_time now);
  void fence_failed(std::uint64_t number, const error& why);
  void page(const range_read& range, result<cluster::log_page>&& answer);
  void last_known(channel_id id, const result<sequence>& answer);

  // Time.
  void reorder_due(steady_time now);
  void tick(steady_time now);  ///< every second

  // The owner's wishes.
  /// `wanted` is followed at the engine: it becomes live with the next fence, and what is later
  /// than its `delivered` then is delivered. (To forget one, take it out of the table.)
  void follow(const live_channel& wanted);
  void want_fence();

  // Queries.
  sequencer_phase phase() const noexcept { return phase_; }
  /// Where it stands: what is delivered next has this id or a later one.
  cursor position() const noexcept { return {epoch_, position_}; }
  /// The engine is there and its store known: joins may wait.
  bool open() const noexcept { return phase_ != sequencer_phase::away && epoch_ != 0; }
  /// Events that came and wait for earlier ones.
  std::size_t waiting() const noexcept { return held_.size() + early_.size(); }
  /// A fence has been back since the engine came.
  bool ready() const noexcept { return ready_; }
  /// Number of the fence that a join which comes now has to wait for, if it has to.
  std::uint64_t next_fence() const noexcept { return fences_.next(); }
  /// Whether a join has to wait for a fence: of its channels (ids) some are not live, or its cursor
  /// is ahead of this node (it was elsewhere) and what is up to there may still arrive. `asked`:
  /// next_fence() when it came.
  template <class Ids>
  bool needs_fence(std::uint64_t asked, const std::optional<cursor>& resume, const Ids& ids) const {
    if (resume && resume->epoch == epoch_ && resume->seq > position_ && fences_.seen() < asked)
      return true;
    for (const auto id : ids)
      if (!channels_.at(id).live) return true;
    return false;
  }
  /// Whether that join may go on now: not while a hole is open.
  template <class Ids>
  bool may_join(std::uint64_t asked, const std::optional<cursor>& resume, const Ids& ids) const {
    return phase_ == sequencer_phase::live && !needs_fence(asked, resume, ids);
  }
  /// Late events of `channel` that a resume from `from` needs besides those stored after it: stored
  /// after `since`, delivered after the cursor was given.
  std::vector<publication_ptr> late_for(const channel& channel, sequence since,
                                        const cursor& from) const {
    return from.epoch == epoch_ ? late_.missed(channel, since, from.seq)
                                : std::vector<publication_ptr>{};
  }

 private:
  void begin_epoch(const cluster::log_state& store);
  void begin_catch_up();

  void take(stored_event&& next);    ///< in the store's order
  void handle(stored_event&& next);  ///< phase live
  void deliver(live_channel& to, event&& event, sequence seq, sequence id);
  void pass_over(live_channel& of, sequence seq);
  void hold(stored_event&& later);
  void drop_held();
  void drain_held();
  void await_reorder(steady_time now);

  void send_fence();
  void fence_back(sequence at);
  void complete_fence(sequence at);

  repair& begin_repair(sequence next, std::optional<sequence> fence);
  void advance_repair();
  void deliver_found();
  void finish_repair();
  bool read_dropped();

  live_channels& channels_;
  sequencer_output& output_;
  const sequencer_options options_;

  sequencer_phase phase_ = sequencer_phase::away;
  bool ready_ = false;
  steady_time now_{};  ///< of the latest call that told it
  epoch_id epoch_ = 0;
  sequence position_ = 0;

  fences fences_;
  reorder early_;
  bool reorder_awaited_ = false;
  held_events held_;
  std::unordered_map<channel_id, sequence> dropped_;  ///< the last of each channel, of `held_`
  unsigned overflows_ = 0;
  std::optional<repair> repair_;
  std::uint64_t repairs_ = 0;
  sweep sweep_;
  late_events late_;
  recent_ids ephemeral_;
};

}  // namespace starling::actors
