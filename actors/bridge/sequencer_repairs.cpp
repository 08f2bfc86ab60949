// What did not arrive: reading it from the store, while later events wait.
#include <algorithm>
#include <utility>

#include "actors/bridge/sequencer.hpp"
#include "net/base/log.hpp"

namespace starling::actors {

using enum sequencer_phase;

// -- events that wait ---------------------------------------------------------------------------

void sequencer::hold(stored_event&& later) {
  held_.push_back(std::move(later));
  if (held_.too_many()) drop_held();
}

void sequencer::drop_held() {
  log::warn("too many events wait; they are read again",
            {{"events", held_.size()}, {"bytes", held_.bytes()}});
  bool with_fence = false;
  for (const auto& each : held_) {
    // Of channels that are not live too: they may be when these are read.
    if (const auto* to = channels_.find(each.event.channel)) {
      auto& last = dropped_[to->id];
      last = std::max(last, each.seq);
    } else {
      with_fence |= fences_.is_current(each.event);
    }
  }
  held_.clear();
  if (with_fence) send_fence();
}

void sequencer::drain_held() {
  while (phase_ == live && !held_.empty()) handle(held_.pop_front());
  if (phase_ == live) overflows_ = 0;
}

/// Reads what was dropped from `held_`; false: nothing is to be read.
bool sequencer::read_dropped() {
  std::vector<std::pair<live_channel*, sequence>> holes;
  sequence last = 0;
  for (const auto& [id, up_to] : std::exchange(dropped_, {})) {
    auto* const each = channels_.find(id);
    if (!each || !each->live || each->delivered >= up_to) continue;
    holes.emplace_back(each, up_to);
    last = std::max(last, up_to);
  }
  if (holes.empty()) return false;
  if (++overflows_ > options_.overflows) {
    for (const auto& [each, up_to] : holes) {
      each->delivered = up_to;
      output_.lost(*each, "overload");
    }
    position_ = std::max(position_, last);
    return false;
  }
  auto& missing = begin_repair(last + 1, std::nullopt);
  for (const auto& [each, up_to] : holes) missing.add(*each, up_to);
  advance_repair();
  return true;
}

// -- a repair -----------------------------------------------------------------------------------

/// `next`: nothing before it is delivered later. The caller adds the holes, then advances.
repair& sequencer::begin_repair(sequence next, std::optional<sequence> fence) {
  phase_ = repairing;
  return repair_.emplace(++repairs_, next, fence, options_.repair);
}

void sequencer::advance_repair() {
  do {
    while (const auto range = repair_->begin_read()) {
      if (const auto* of = channels_.find(repair_->hole_of(*range).id))
        output_.read(*of->channel, *range);
      else
        repair_->take(*range, {});  // nobody is there any more
    }
    if (!repair_->round_done()) return;
    deliver_found();
  } while (repair_->begin_round());
  finish_repair();
}

void sequencer::page(const range_read& range, result<cluster::log_page>&& answer) {
  if (!repair_ || repair_->number() != range.repair) return;
  if (answer) {
    repair_->take(range, std::move(*answer));
    return advance_repair();
  }
  log::warn("a repair failed; trying again", {{"why", answer.error().message}});
  // The next tick begins with another fence.
  phase_ = catching_up;
  repair_.reset();
  fences_.give_up();
  output_.waiting_refused("the store cannot be read");
}

void sequencer::deliver_found() {
  // Before what is left of the channel: a client that goes in between must know of it.
  for (const auto& hole : repair_->holes()) {
    auto* const from = hole.dropped ? channels_.find(hole.id) : nullptr;
    if (from && from->live) output_.lost(*from, "expired");
  }
  auto found = repair_->take_found();
  const auto channel_of = [&](const repair::missed_event& missed) {
    return channels_.find(repair_->holes()[missed.hole].id);
  };
  std::erase_if(found, [&](const repair::missed_event& missed) {
    const auto* to = channel_of(missed);
    return !to || !to->live || missed.stored.seq <= to->delivered;
  });
  if (!found.empty()) output_.recovered(found.size());
  // Late ones stand behind the position: later events of other channels were delivered before
  // them. Each gets an id of its own that nobody has seen yet, as long as there are some before
  // the next event: so a cursor tells whether its client has had them.
  const auto timely = std::find_if(found.begin(), found.end(), [&](const auto& missed) {
    return missed.stored.seq > position_;
  });
  const auto highest_id = (timely == found.end() ? repair_->next() : timely->stored.seq) - 1;
  const auto before = position_;
  auto late = static_cast<sequence>(timely - found.begin());
  for (auto& missed : found) {
    auto id = missed.stored.seq;
    if (late > 0) {
      --late;
      id = std::max(before + late, highest_id) - late;
    }
    deliver(*channel_of(missed), std::move(missed.stored.event), missed.stored.seq, id);
  }
  for (const auto& hole : repair_->holes())
    if (auto* each = channels_.find(hole.id))
      each->delivered = std::max(each->delivered, hole.known);
}

void sequencer::finish_repair() {
  const auto fence = repair_->fence();
  repair_.reset();
  if (fence) complete_fence(*fence);
  if (read_dropped()) return;
  phase_ = live;
  output_.settled();
  drain_held();
}

}  // namespace starling::actors
