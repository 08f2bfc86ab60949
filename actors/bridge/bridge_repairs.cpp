// What did not arrive: holes that a later event tells of, those that a fence ends, and the slow
// look for those that nothing tells of.
#include <algorithm>

#include "actors/base/gap.hpp"
#include "actors/bridge/bridge.hpp"
#include "net/base/log.hpp"

namespace starling::actors {

namespace {
constexpr std::size_t repair_page = 100'000;
/// Of events as large as they may be this is 16 MiB.
constexpr std::size_t late_events_remembered = 256;
}  // namespace

// -- holes --------------------------------------------------------------------------------------

std::vector<std::pair<bridge::entry*, sequence>> bridge::holes_before(sequence fence) {
  std::vector<std::pair<entry*, sequence>> out;
  if (catch_up_) {
    channels_.for_each([&](entry& e) {
      if (e.live && e.through < fence) out.emplace_back(&e, fence);
    });
    return out;
  }
  std::erase_if(suspects_, [&](const suspect& s) {
    if (s.fence > fence_seen_) return false;
    auto* const found = channels_.find(s.feed);
    if (!found || found->through >= s.last) return true;
    const auto& where = *found->where;
    log::warn("the store has an event that was never handed on",
              {{"kind", to_string(where.kind)}, {"name", where.name}});
    out.emplace_back(found, fence);
    return true;
  });
  return out;
}

void bridge::begin_repair(std::vector<std::pair<entry*, sequence>> holes, sequence next) {
  repair_ = std::make_unique<repair>();
  repair_->number = ++repairs_;
  repair_->next = next;
  repair_->reads = holes.size();
  if (holes.empty()) return finish_repair();
  for (const auto& [e, through] : holes) {
    repair_->reach.emplace_back(e->id, through);
    read_for_repair(*e->where, e->through, through);
  }
}

void bridge::read_for_repair(const channel& where, sequence after, sequence through) {
  node_.engine->history(cluster::partition_id{0})
      .read(where, after, through, repair_page,
            [me = self(), number = repairs_, where, through](result<cluster::log_page> page) {
              me.send(repair_read{number, where, through, std::move(page)});
            });
}

void bridge::take_repair(repair_read& answer) {
  if (!repair_ || repair_->number != answer.repair) return;
  if (answer.page) {
    auto& found = answer.page->events;
    std::move(found.begin(), found.end(), std::back_inserter(repair_->found));
    if (answer.page->dropped) repair_->lost.push_back(answer.where);
    if (answer.page->more && !found.empty())
      return read_for_repair(answer.where, repair_->found.back().seq, answer.through);
  } else {
    repair_->failed = true;
    log::warn("repair failed; trying again",
              {{"channel", answer.where.name}, {"why", answer.page.error().message}});
  }
  if (--repair_->reads == 0 && !repair_->failed) finish_repair();
}

void bridge::tell_of_loss(const channel& where, std::string_view reason) {
  // Members may have missed something that nobody can give them now: they are told.
  node_.home_metrics->gaps[1].add();
  log::warn("events may be lost",
            {{"kind", to_string(where.kind)}, {"name", where.name}, {"reason", reason}});
  auto* e = channels_.find(where);
  if (!e || !e->live) return;
  event gap;
  gap.where = where;
  gap.name = "gap";
  gap.data = gap_json(reason, name_of_loss(where));
  e->feed.send(inbound{publication::notice(std::move(gap), {epoch_, position_})});
}

void bridge::finish_repair() {
  auto done = std::move(repair_);
  // Before what is left of the channel: a client that goes in between must know of it.
  for (const auto& where : done->lost) tell_of_loss(where, "expired");
  auto& found = done->found;
  std::erase_if(found, [&](const stored_event& missed) {
    const auto* e = channels_.find(missed.what.where);
    return !e || !e->live || missed.seq <= e->through;
  });
  std::sort(found.begin(), found.end(),
            [](const stored_event& a, const stored_event& b) { return a.seq < b.seq; });
  // Late ones stand behind the position: later events of other channels were handed out before
  // them. Each gets an id of its own that nobody has seen yet, as long as there are some before
  // the next event: so a cursor tells whether its client has had them.
  const auto timely = std::find_if(found.begin(), found.end(),
                                   [&](const stored_event& e) { return e.seq > position_; });
  const auto highest_id = (timely == found.end() ? done->next : timely->seq) - 1;
  const auto before = position_;
  auto late = static_cast<sequence>(timely - found.begin());
  for (auto& missed : found) {
    node_.home_metrics->gaps[0].add();
    auto at = missed.seq;
    if (late > 0) {
      --late;
      at = std::max(before + late, highest_id) - late;
    }
    hand_out(*channels_.find(missed.what.where), std::move(missed.what), missed.seq, at);
  }
  for (const auto& [feed, through] : done->reach)
    if (auto* live = channels_.find(feed)) live->through = std::max(live->through, through);
  hand_out_held();
}

void bridge::hand_out_held() {
  while (!held_.empty() && !repair_ && !catch_up_) {
    auto next = std::move(held_.front());
    held_.pop_front();
    take_ordered(std::move(next));
  }
  release_waiting();
}

void bridge::remember_late(const publication_ptr& what, sequence before) {
  const auto id = what->at();
  const auto seen_from = std::max(id.seq, before + 1);
  // Of several at one id nobody can say which a client has had.
  for (auto& other : late_)
    if (other.what->at() == id) other.seen_from = seen_from;
  late_.push_back({what, seen_from});
  if (late_.size() > late_events_remembered) late_.pop_front();
}

// -- the slow sweep -----------------------------------------------------------------------------

void bridge::sweep() {
  if (repair_ || catch_up_ || sweep_asked_ > 0 || !suspects_.empty()) return;
  const auto& [most, cycle] = node_.options.sweep;
  const auto share = channels_.size() / static_cast<std::size_t>(cycle.count()) + 1;
  for (auto left = std::min(share, most); left > 0; --left) {
    const auto* e = channels_.next(swept_);
    if (!e) {
      swept_ = 0;
      return;
    }
    if (!e->live) continue;
    ++sweep_asked_;
    node_.engine->history(cluster::partition_id{0})
        .last(*e->where, [me = self(), feed = e->id](result<sequence> last) {
          me.send(last_stored{feed, std::move(last)});
        });
  }
}

void bridge::take_last(const last_stored& answer) {
  --sweep_asked_;
  const auto* found = channels_.find(answer.feed);
  if (!engine_up_ || catch_up_ || !found) return;
  if (!answer.last) return;  // the next cycle asks again
  if (*answer.last <= found->through) return;
  suspects_.push_back({answer.feed, *answer.last, fence_sent_ + 1});
  want_fence();
}

}  // namespace starling::actors
