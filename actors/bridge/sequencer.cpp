// Events, fences and the engine's comings and goings; what is missing: sequencer_repairs.cpp.
#include "actors/bridge/sequencer.hpp"

#include <algorithm>
#include <utility>

#include "net/base/log.hpp"

namespace starling::actors {

using enum sequencer_phase;

namespace {
/// A fence that is not back by then is lost; those who wait for it are refused.
constexpr std::chrono::seconds fence_deadline{5};
/// On a quiet node a fence moves the position on, so that a cursor does not grow old.
constexpr std::chrono::seconds idle_fence{15};
}  // namespace

sequencer::sequencer(live_channels& channels, sequencer_output& output, channel fences,
                     const sequencer_options& options)
    : channels_(channels),
      output_(output),
      options_(options),
      fences_(std::move(fences)),
      early_(options.disorder, options.reordered),
      held_(options.held),
      sweep_(options.sweep),
      ephemeral_(options.dedupe_window) {}

// -- the engine ---------------------------------------------------------------------------------

void sequencer::engine_up(steady_time now) {
  now_ = now;
  if (phase_ != away) engine_down("the engine was away");
  phase_ = opening;
  output_.ask_state();
}

void sequencer::engine_down(const std::string& reason) {
  phase_ = away;
  ready_ = false;
  // The catch-up reads it again.
  early_.restart(position_);
  held_.clear();
  dropped_.clear();
  repair_.reset();
  fences_.give_up();
  output_.waiting_refused(reason);
}

void sequencer::state(const result<cluster::log_state>& answer, steady_time now) {
  now_ = now;
  if (phase_ == away || !answer) return;  // tick asks again
  const bool another = answer->epoch != epoch_;
  if (another) begin_epoch(*answer);
  if (another || phase_ == opening) begin_catch_up();
}

void sequencer::begin_epoch(const cluster::log_state& store) {
  const bool anew = epoch_ != 0;
  epoch_ = store.epoch;
  position_ = store.last;
  early_.restart(store.last);
  held_.clear();
  dropped_.clear();
  late_.clear();
  channels_.for_each([&](live_channel& each) { each.delivered = store.last; });
  output_.epoch_began(store, anew);
}

void sequencer::leader_changed() {
  if (phase_ != away && phase_ != opening) begin_catch_up();
}

void sequencer::begin_catch_up() {
  phase_ = catching_up;
  repair_.reset();
  sweep_.forget_doubts();
  send_fence();
}

void sequencer::tick(steady_time now) {
  now_ = now;
  if (phase_ == away) return;
  if (phase_ == opening) return output_.ask_state();
  const bool overdue = fences_.under_way() && fences_.age(now) > fence_deadline;
  if (phase_ == repairing) {
    if (overdue) output_.waiting_refused("events are being read again");
    return;
  }
  if (overdue || (phase_ == catching_up && !fences_.under_way())) {
    begin_catch_up();
    if (overdue) {
      log::warn("a fence did not come back");
      output_.waiting_refused("the store is silent");
    }
    return;
  }
  if (phase_ == catching_up) return;
  if (fences_.age(now) > idle_fence) {
    output_.ask_state();
    want_fence();
  }
  if (!fences_.under_way() && (fences_.wanted() || sweep_.doubting())) want_fence();
  sweep_.step(channels_, [&](const live_channel& each) { output_.ask_last(each); });
}

void sequencer::last_known(channel_id id, const result<sequence>& last) {
  sweep_.answered();
  if (phase_ != live && phase_ != repairing) return;  // everything is read again anyway
  const auto* of = channels_.find(id);
  if (!of || !last || *last <= of->delivered) return;  // the next cycle asks again
  sweep_.doubt(id, *last, fences_.next());
  want_fence();
}

// -- events -------------------------------------------------------------------------------------

void sequencer::stored(stored_event&& stored, steady_time now) {
  now_ = now;
  if (phase_ == away) return;
  if (early_.passes(stored.seq)) return take(std::move(stored));
  for (auto& each : early_.push(std::move(stored), now)) take(std::move(each));
  await_reorder(now);
}

void sequencer::reorder_due(steady_time now) {
  now_ = now;
  reorder_awaited_ = false;
  for (auto& each : early_.due(now)) take(std::move(each));
  await_reorder(now);
}

void sequencer::await_reorder(steady_time now) {
  if (reorder_awaited_ || !early_.waiting()) return;
  reorder_awaited_ = true;
  output_.wake_reorder(early_.next_due(now));
}

void sequencer::take(stored_event&& next) {
  if (phase_ == live) return handle(std::move(next));
  // What is held waits for the fence that ends a catch-up: it may not be held itself.
  if (phase_ == catching_up && fences_.is_current(next.event)) return fence_back(next.seq);
  hold(std::move(next));
}

void sequencer::handle(stored_event&& next) {
  auto* const to = channels_.find(next.event.channel);
  if (!to) {
    if (fences_.is_current(next.event)) fence_back(next.seq);
    return;
  }
  if (!to->live) return;  // a fence and a read of the store will cover it
  if (next.seq <= to->delivered) return;
  if (next.previous <= to->delivered) {
    if (next.unreadable) return pass_over(*to, next.seq);
    return deliver(*to, std::move(next.event), next.seq, next.seq);
  }
  begin_repair(next.seq, std::nullopt).add(*to, next.previous);
  held_.push_front(std::move(next));
  advance_repair();
}

void sequencer::deliver(live_channel& to, event&& event, sequence seq, sequence id) {
  to.delivered = seq;
  const auto before = position_;
  // Never below what its receivers have seen, even if it is late itself.
  position_ = std::max(before, id);
  auto out = std::make_shared<publication>(std::move(event), position(), seq);
  if (seq <= before) late_.remember(out, before);
  output_.deliver(to, std::move(out));
}

/// As if it had been delivered: it is not looked for again.
void sequencer::pass_over(live_channel& of, sequence seq) {
  of.delivered = seq;
  position_ = std::max(position_, seq);
}

void sequencer::ephemeral(event&& event, steady_time now) {
  auto* const to = channels_.find(event.channel);
  if (!to || !to->live || !ephemeral_.first(event, now)) return;
  output_.deliver(*to, std::make_shared<publication>(std::move(event), position(), 0));
}

// -- fences -------------------------------------------------------------------------------------

void sequencer::follow(const live_channel& wanted) { fences_.add(wanted.id); }

void sequencer::want_fence() {
  fences_.want();
  if (!fences_.under_way() && (phase_ == live || phase_ == repairing)) send_fence();
}

void sequencer::send_fence() {
  auto fence = fences_.begin(now_);
  output_.store_fence(fences_.sent(), std::move(fence));
}

void sequencer::fence_back(sequence at) {
  std::vector<live_channel*> holes;
  if (phase_ == catching_up)
    channels_.for_each([&](live_channel& each) {
      if (each.live && each.delivered < at) holes.push_back(&each);
    });
  else
    sweep_.settle(fences_.sent(), channels_, [&](live_channel& missing) {
      log::warn("the store has an event that was never handed on",
                {{"kind", to_string(missing.channel->kind)}, {"name", missing.channel->name}});
      holes.push_back(&missing);
    });
  auto& missing = begin_repair(at + 1, at);
  for (auto* each : holes) missing.add(*each, at);
  advance_repair();
}

void sequencer::complete_fence(sequence at) {
  position_ = std::max(position_, at);
  ready_ = true;
  for (const auto id : fences_.complete()) {
    auto* const each = channels_.find(id);
    if (!each) continue;
    each->live = true;
    each->delivered = at;
  }
  if (fences_.wanted()) send_fence();
}

void sequencer::fence_failed(std::uint64_t number, const error& why) {
  const bool is_back = repair_ && repair_->fence();
  if (number != fences_.sent() || !fences_.under_way() || is_back) return;
  fences_.give_up();
  output_.waiting_refused(why.message);
}

}  // namespace starling::actors
