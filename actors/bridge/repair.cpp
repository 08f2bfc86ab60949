#include "actors/bridge/repair.hpp"

#include <algorithm>
#include <utility>

namespace starling::actors {

namespace {
void sort_by_position(std::vector<repair::missed_event>& events) {
  std::sort(events.begin(), events.end(),
            [](const auto& a, const auto& b) { return a.stored.seq < b.stored.seq; });
}
}  // namespace

void repair::add(const live_channel& of, sequence up_to) {
  to_read_.push_back(holes_.size());
  holes_.push_back({of.id, of.delivered, of.delivered, up_to, false});
}

std::optional<range_read> repair::begin_read() {
  while (!to_read_.empty() && under_way_ < limits_.reads) {
    const auto at = to_read_.front();
    to_read_.pop_front();
    const auto& h = holes_[at];
    if (!to_be_read(h)) continue;
    ++under_way_;
    return range_read{number_, at, h.known, std::min(h.up_to, end_), limits_.page};
  }
  return std::nullopt;
}

void repair::take(const range_read& range, cluster::log_page&& page) {
  --under_way_;
  auto& h = holes_[range.hole];
  h.dropped |= page.dropped;
  const bool more = page.more && !page.events.empty();
  h.known = known_of(h, more ? page.events.back().seq : range.up_to);
  for (auto& each : page.events) {
    if (each.seq > end_) break;
    found_bytes_ += footprint(each);
    found_.push_back({range.hole, std::move(each)});
  }
  if (found_.size() > limits_.found.events || found_bytes_ > limits_.found.bytes) keep_lower_half();
  if (to_be_read(h)) to_read_.push_back(range.hole);
}

void repair::keep_lower_half() {
  sort_by_position(found_);
  const auto most_bytes = limits_.found.bytes / 2;
  const auto most_events = std::max<std::size_t>(limits_.found.events / 2, 1);
  std::size_t keep = 0;
  found_bytes_ = 0;
  do {
    found_bytes_ += footprint(found_[keep++].stored);
  } while (keep < most_events && found_bytes_ < most_bytes);
  end_ = found_[keep - 1].stored.seq;
  found_.erase(found_.begin() + static_cast<std::ptrdiff_t>(keep), found_.end());
  for (auto& h : holes_) h.known = known_of(h, h.known);
}

std::vector<repair::missed_event> repair::take_found() {
  sort_by_position(found_);
  found_bytes_ = 0;
  return std::exchange(found_, {});
}

bool repair::begin_round() {
  end_ = no_end;
  for (auto& h : holes_) {
    h.dropped = false;
    if (to_be_read(h)) to_read_.push_back(static_cast<std::size_t>(&h - holes_.data()));
  }
  return !to_read_.empty();
}

}  // namespace starling::actors
