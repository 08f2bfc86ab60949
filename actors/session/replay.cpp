#include "actors/session/replay.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace starling::actors {

replay::part* replay::find(channel_id id) noexcept {
  const auto at =
      std::find_if(parts_.begin(), parts_.end(), [&](const part& each) { return each.id == id; });
  return at == parts_.end() ? nullptr : &*at;
}

std::optional<replay::store_read> replay::add(replay_part&& came) {
  if (find(came.id)) return std::nullopt;
  part fresh{came.id,          std::move(came.channel), std::move(came.events), {},
             came.store_after, came.store_up_to,        came.gap_is_loss};
  fresh.reading = fresh.store_after < fresh.store_up_to;
  parts_.push_back(std::move(fresh));
  if (!parts_.back().reading) return std::nullopt;
  return rest_of(parts_.back());
}

replay::store_read replay::rest_of(const part& wanting) const {
  const auto& found = wanting.from_store;
  // One more than history keeps: the surplus tells that something is lost.
  return {wanting.id, wanting.of, found.empty() ? wanting.store_after : found.back()->seq(),
          wanting.store_up_to, keep_ + 1 - found.size()};
}

std::optional<replay::store_read> replay::add(channel_id id, cluster::log_page&& page,
                                              epoch_id epoch) {
  auto* const of = find(id);
  if (!of || !of->reading) return std::nullopt;
  auto& found = of->from_store;
  for (auto& stored : page.events) {
    const cursor at{epoch, stored.seq};
    found.push_back(std::make_shared<publication>(std::move(stored.event), at, stored.seq));
  }
  const bool cut = found.size() > keep_;
  if (page.more && !page.events.empty() && !cut) return rest_of(*of);
  of->reading = false;
  of->lost = (cut || page.dropped) && of->gap_is_loss;
  if (cut) found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(keep_));
  return std::nullopt;
}

std::optional<replay::store_read> replay::actor_rebuilt(channel_id id) {
  if (!begun() || find(id)) return std::nullopt;
  const auto& answer = *answer_;
  const auto wanted = std::find_if(answer.parts.begin(), answer.parts.end(),
                                   [&](const joined::part& each) { return each.channel == id; });
  const auto entered = std::find_if(answer.channels.begin(), answer.channels.end(),
                                    [&](const entered_channel& each) { return each.id == id; });
  if (wanted == answer.parts.end() || entered == answer.channels.end()) return std::nullopt;
  return add(replay_part{
      request_, id, entered->channel, {}, wanted->after, answer.position.seq, answer.gap_is_loss});
}

bool replay::complete() const noexcept {
  return begun() && parts_.size() == answer_->parts.size() &&
         std::none_of(parts_.begin(), parts_.end(), [](const part& each) { return each.reading; });
}

std::vector<publication_ptr> replay::take() {
  auto& answer = *answer_;
  auto out = std::move(answer.late);
  for (auto& each : parts_) {
    if (each.lost) {
      add_loss(answer.lost, name_of_loss(*each.of), "expired");
      answer.resumed = false;
    }
    for (auto* events : {&each.from_store, &each.from_ring})
      std::move(events->begin(), events->end(), std::back_inserter(out));
  }
  parts_.clear();
  // The order in which they were handed out: by id, and at the same id late events came later.
  const auto order = [](const publication_ptr& p) {
    return std::tuple(p->at().seq, p->seq() < p->at().seq, p->seq());
  };
  std::sort(out.begin(), out.end(),
            [&](const auto& a, const auto& b) { return order(a) < order(b); });
  // The connection takes an event's position for its place in the replay.
  const auto behind = answer.resume ? answer.resume->seq + 1 : 0;
  for (auto& p : out)
    if (p->seq() < p->at().seq)
      p = std::make_shared<publication>(event(p->event()), p->at(), std::max(p->at().seq, behind));
  return out;
}

replay& replays::of(std::uint64_t request, std::size_t keep) {
  if (!under_way_) under_way_ = std::make_unique<std::vector<replay>>();
  for (auto& each : *under_way_)
    if (each.request() == request) return each;
  return under_way_->emplace_back(request, keep);
}

std::optional<replays::complete> replays::take(std::uint64_t request) {
  if (!under_way_) return std::nullopt;
  const auto found = std::find_if(under_way_->begin(), under_way_->end(),
                                  [&](const replay& each) { return each.request() == request; });
  if (found == under_way_->end() || !found->complete()) return std::nullopt;
  auto events = found->take();
  complete out{std::move(found->answer()), std::move(events)};
  under_way_->erase(found);
  if (under_way_->empty()) under_way_.reset();
  return out;
}

}  // namespace starling::actors
