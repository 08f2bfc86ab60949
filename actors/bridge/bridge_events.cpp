// Events in order: what arrives, the fences among it, and whether the engine is there.
#include <algorithm>

#include "actors/bridge/bridge.hpp"
#include "actors/runtime/delayed.hpp"
#include "net/base/clock.hpp"
#include "net/base/log.hpp"

namespace starling::actors {

namespace {
/// A fence that is not back by then is lost; those who wait for it are refused.
constexpr std::int64_t fence_deadline_ms = 5000;
/// On a quiet node a fence moves the position on, so that a cursor does not grow old.
constexpr std::int64_t idle_fence_ms = 15'000;
}  // namespace

// -- stored events ------------------------------------------------------------------------------

void bridge::take_arrived(stored_event&& what) {
  for (auto& each : early_.push(std::move(what), steady_clock::now())) take_stored(std::move(each));
  await_early();
}

void bridge::await_early() {
  if (early_awaited_ || !early_.waiting()) return;
  early_awaited_ = true;
  send_after(home(), early_.next_due(steady_clock::now()), self(), early_due{});
}

void bridge::take_stored(stored_event&& what) {
  // The fence that ends an outage is waited for by what is held: it may not be held itself.
  if (catch_up_ && is_current_fence(what.what)) return fence_arrived(what.seq);
  if (repair_ || catch_up_) return held_.push_back(std::move(what));
  take_ordered(std::move(what));
}

bool bridge::is_current_fence(const event& what) const {
  return what.where == fence_channel_ && what.data == std::to_string(fence_sent_);
}

void bridge::take_ordered(stored_event&& what) {
  if (what.what.where == fence_channel_) {
    if (is_current_fence(what.what)) fence_arrived(what.seq);
    return;
  }
  auto* e = channels_.find(what.what.where);
  if (!e || !e->live) return;  // a fence and a read of the store will cover it
  if (what.seq <= e->through) return;
  if (what.previous > e->through) {
    held_.push_front(std::move(what));
    return begin_repair({{e, held_.front().previous}}, held_.front().seq);
  }
  hand_out(*e, std::move(what.what), what.seq, what.seq);
}

void bridge::hand_out(entry& e, event&& what, sequence seq, sequence at) {
  e.through = seq;
  const auto before = position_;
  node_.position = position_ = std::max(before, at);
  // Never below what its receivers have seen, even if it is late itself.
  const cursor id{epoch_, position_};
  auto out = std::make_shared<publication>(std::move(what), id, seq);
  if (seq <= before) remember_late(out, before);
  e.feed.send(inbound{std::move(out)});
}

void bridge::take_ephemeral(event&& what) {
  auto* e = channels_.find(what.where);
  if (!e || !e->live || !ephemeral_.first(what, steady_clock::now())) return;
  const cursor at{epoch_, position_};
  e->feed.send(inbound{std::make_shared<publication>(std::move(what), at, 0)});
}

void bridge::take_control(engine_control&& told) {
  if (auto* e = channels_.find(told.where); e && e->live) user_of(*e).send(std::move(told));
}

// -- fences -------------------------------------------------------------------------------------

void bridge::want_fence() {
  if (fence_sent_ == fence_seen_)
    send_fence();
  else
    fence_wanted_ = true;
}

void bridge::send_fence() {
  fence_wanted_ = false;
  behind_fence_.insert(behind_fence_.end(), behind_next_fence_.begin(), behind_next_fence_.end());
  behind_next_fence_.clear();
  fence_sent_ms_ = wall_ms();
  event what;
  what.where = fence_channel_;
  what.name = "fence";
  what.data = std::to_string(++fence_sent_);
  what.data_is_text = true;
  node_.engine->history(cluster::partition_id{0})
      .append(std::move(what), {},
              [me = self(), number = fence_sent_](result<cluster::append_ack> ack) {
                if (!ack) me.send(fence_failed{number, ack.error()});
              });
}

void bridge::fence_arrived(sequence seq) {
  fence_seen_ = fence_sent_;
  auto holes = holes_before(seq);
  if (catch_up_ || !holes.empty()) {
    catch_up_ = false;
    stored_event again{seq, 0, {}};  // for the joins that wait for it too
    again.what.where = fence_channel_;
    again.what.data = std::to_string(fence_sent_);
    held_.push_front(std::move(again));
    return begin_repair(std::move(holes), seq + 1);
  }
  if (seq > position_) node_.position = position_ = seq;
  node_.engine_ready = true;
  for (const auto id : std::exchange(behind_fence_, {})) {
    auto* const e = channels_.find(id);
    if (!e) continue;
    e->live = true;
    e->through = seq;
    spawn_feed(*e);
  }
  release_waiting();
  if (fence_wanted_ || !behind_next_fence_.empty()) send_fence();
}

void bridge::fence_lost(const fence_failed& failed) {
  if (failed.number != fence_sent_) return;
  fence_seen_ = fence_sent_;  // not under way any more; those who wait are told
  refuse_waiting(failed.why.message);
}

// -- engine state -------------------------------------------------------------------------------

void bridge::engine_state(const engine_changed& change) {
  engine_up_ = change.up;
  if (!change.up) {
    node_.engine_ready = false;
    log::warn("engine away", {{"why", change.detail}});
    fence_seen_ = fence_sent_;
    refuse_waiting("the engine is away");
    return;
  }
  log::info("engine connected", {{"detail", change.detail}});
  if (epoch_ != 0) {
    // Nothing is handed out until it is known what was missed, and in which life of the store.
    catch_up_ = true;
    fence_seen_ = ++fence_sent_;
    held_.clear();  // of before the outage: the catch-up reads it again
    early_.restart(position_);
    suspects_.clear();
    repair_.reset();
  }
  state_unknown_ = true;
  ask_for_state();
}

void bridge::ask_for_state() {
  node_.engine->history(cluster::partition_id{0})
      .state([me = self()](result<cluster::log_state> state) {
        me.send(store_state{std::move(state)});
      });
}

void bridge::take_state(const store_state& answer) {
  if (!answer.state) return;  // every_second asks again
  state_unknown_ = false;
  const auto& state = *answer.state;
  const bool begins_anew = epoch_ != 0 && epoch_ != state.epoch;
  const bool first_time = epoch_ == 0;
  if (begins_anew) {
    log::warn("the store began anew: clients are told to fetch again", {{"epoch", state.epoch}});
    node_.home_metrics->gaps[1].add();
    for (const auto& shard : node_.fanouts)
      shard.send(drain{std::chrono::seconds(1), "the history began anew: fetch again"});
    catch_up_ = false;  // there is nothing of the former life to catch up with
    position_ = state.last;
    early_.restart(state.last);
    late_.clear();
    channels_.for_each([&](entry& e) {
      e.through = state.last;
      if (e.live) e.feed.send(forget_history{state.last});
    });
  }
  if (first_time || begins_anew) {
    node_.epoch = epoch_ = state.epoch;
    node_.position = position_ = std::max(position_, state.last);
    node_.engine->messages().follow(std::make_shared<channel>(fence_channel_));
  }
  if (node_.engine_ready && !begins_anew) return;  // only a look whether it is still the same
  if (!first_time && !begins_anew) return begin_catch_up();
  hand_out_held();
  want_fence();
}

void bridge::begin_catch_up() {
  if (!engine_up_ || epoch_ == 0) return;
  catch_up_ = true;
  send_fence();
}

void bridge::every_second() {
  if (!engine_up_) return;
  const auto since_fence = wall_ms() - fence_sent_ms_;
  if (fence_sent_ != fence_seen_ && since_fence > fence_deadline_ms) {
    log::warn("a fence did not come back", {{"after_ms", since_fence}});
    fence_lost({fence_sent_, {errc::unavailable, "the store is silent"}});
    return begin_catch_up();
  }
  if (state_unknown_) return ask_for_state();
  if (catch_up_ && fence_sent_ == fence_seen_) return begin_catch_up();  // could not be stored
  if (repair_ && repair_->failed && repair_->reads == 0) {
    // The store could not be read: look again, for all that may be missing.
    repair_.reset();
    refuse_waiting("the store cannot be read");
    return begin_catch_up();
  }
  if (since_fence > idle_fence_ms) {
    ask_for_state();
    want_fence();
  }
  sweep();
}

}  // namespace starling::actors
