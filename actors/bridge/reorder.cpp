#include "actors/bridge/reorder.hpp"

#include <algorithm>
#include <utility>

namespace starling::actors {

std::vector<stored_event> reorder::push(stored_event stored, steady_time now) {
  std::vector<stored_event> out;
  const auto seq = stored.seq;
  if (hold_.count() == 0 || seq <= top_ + 1) {
    top_ = std::max(top_, seq);
    out.push_back(std::move(stored));
    release(early_.begin(), out);
  } else {
    const auto bytes = footprint(stored);
    if (early_.try_emplace(seq, early{std::move(stored), now}).second) bytes_ += bytes;
    if (early_.size() > most_.events || bytes_ > most_.bytes) release(early_.end(), out);
  }
  return out;
}

std::vector<stored_event> reorder::due(steady_time now) {
  auto end = early_.begin();
  for (auto at = early_.begin(); at != early_.end(); ++at)
    if (now - at->second.arrived >= hold_) end = std::next(at);
  std::vector<stored_event> out;
  release(end, out);
  return out;
}

std::chrono::milliseconds reorder::next_due(steady_time now) const noexcept {
  auto first = now;
  for (const auto& [seq, each] : early_) first = std::min(first, each.arrived);
  return std::chrono::ceil<std::chrono::milliseconds>(std::max(first + hold_ - now, {}));
}

void reorder::restart(sequence up_to) {
  top_ = up_to;
  early_.clear();
  bytes_ = 0;
}

/// What is before `end`, and then what follows without a gap.
void reorder::release(std::map<sequence, early>::iterator end, std::vector<stored_event>& out) {
  bool waited = end != early_.begin();
  while (!early_.empty()) {
    const auto next = early_.begin();
    if (next == end) waited = false;
    if (!waited && next->first > top_ + 1) return;
    top_ = std::max(top_, next->first);
    bytes_ -= footprint(next->second.stored);
    out.push_back(std::move(next->second.stored));
    early_.erase(next);
  }
}

}  // namespace starling::actors
