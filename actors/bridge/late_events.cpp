#include "actors/bridge/late_events.hpp"

#include <algorithm>

namespace starling::actors {

void late_events::remember(const publication_ptr& late, sequence before) {
  const auto id = late->at();
  const auto seen_from = std::max(id.seq, before + 1);
  // Of several at one id nobody can say which a client has had.
  for (auto& other : latest_)
    if (other.event->at() == id) other.seen_from = seen_from;
  latest_.push_back({late, seen_from});
  if (latest_.size() > most) latest_.pop_front();
}

std::vector<publication_ptr> late_events::missed(const channel& channel, sequence since,
                                                 sequence cursor) const {
  std::vector<publication_ptr> out;
  for (const auto& late : latest_) {
    const auto seq = late.event->seq();
    if (cursor < seq || cursor >= late.seen_from) continue;
    if (since < seq && late.event->event().channel == channel) out.push_back(late.event);
  }
  return out;
}

}  // namespace starling::actors
