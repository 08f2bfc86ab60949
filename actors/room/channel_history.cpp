#include "actors/room/channel_history.hpp"

#include <algorithm>

namespace starling::actors {

void ring::push(publication_ptr publication, const ring_limits& limits) {
  if (!kept_) kept_ = std::make_unique<kept>();
  auto& [events, bytes] = *kept_;
  bytes += publication->event().data.size();
  events.push_back(std::move(publication));
  while (events.size() > limits.max_events || (bytes > limits.max_bytes && events.size() > 1)) {
    const auto& oldest = events.front();
    complete_after_ = oldest->seq();
    bytes -= oldest->event().data.size();
    events.pop_front();
  }
}

void ring::copy_after(sequence after, std::vector<publication_ptr>& out) const {
  if (!kept_) return;
  const auto& events = kept_->events;
  const auto from = std::partition_point(events.begin(), events.end(),
                                         [&](const auto& p) { return p->seq() <= after; });
  out.insert(out.end(), from, events.end());
}

void channel_history::forget(sequence from) {
  last_ = 0;
  ring_ = ring(from);
}

void channel_history::remember(publication_ptr event, const ring_limits& limits) {
  if (event->seq() <= last_) return;
  last_ = event->seq();
  ring_.push(std::move(event), limits);
}

replay_part channel_history::answer(const replay_wanted& wish, channel_id id,
                                    channel_ptr of) const {
  replay_part out{wish.request, id, std::move(of), {}, 0, 0, wish.gap_is_loss};
  const auto complete_after = ring_.complete_after();
  ring_.copy_after(std::max(wish.after, complete_after), out.events);
  if (wish.after < complete_after) {
    out.store_after = wish.after;
    out.store_up_to = complete_after;
  }
  return out;
}

}  // namespace starling::actors
