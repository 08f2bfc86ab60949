#include "actors/room/feed_state.hpp"

#include <algorithm>

namespace starling::actors {

void ring::push(publication_ptr what, const ring_limits& limits) {
  if (!events_) events_ = std::make_unique<std::deque<publication_ptr>>();
  bytes_ += what->what().data.size();
  events_->push_back(std::move(what));
  while (events_->size() > limits.max_events ||
         (bytes_ > limits.max_bytes && events_->size() > 1)) {
    const auto& oldest = events_->front();
    complete_after_ = oldest->seq();
    bytes_ -= oldest->what().data.size();
    events_->pop_front();
  }
}

void ring::copy_after(sequence after, std::vector<publication_ptr>& out) const {
  if (!events_) return;
  const auto from = std::partition_point(events_->begin(), events_->end(),
                                         [&](const auto& p) { return p->seq() <= after; });
  out.insert(out.end(), from, events_->end());
}

feed_state::feed_state(channel_ptr where, feed_id id, sequence from, shard_counts members)
    : where_(std::move(where)), id_(id), ring_(from), members_(std::move(members)) {}

void feed_state::forget_history(sequence from) {
  last_ = 0;
  ring_ = ring(from);
}

bool feed_state::remember(const publication_ptr& what, const ring_limits& limits) {
  if (what->seq() <= last_) return false;
  last_ = what->seq();
  ring_.push(what, limits);
  return true;
}

void feed_state::replay_into(join_ticket& ticket, std::size_t which) const {
  if (!ticket.resume) return;
  const auto& wanted = ticket.channels[which];
  const sequence after = std::max(ticket.resume->seq, wanted.since);
  if (after >= ticket.position.seq) return;
  const sequence from_ring = std::max(after, ring_.complete_after());
  ring_.copy_after(from_ring, ticket.replay);
  if (after < ring_.complete_after())
    ticket.missing.push_back({where_, after, ring_.complete_after()});
}

}  // namespace starling::actors
