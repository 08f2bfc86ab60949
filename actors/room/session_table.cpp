#include "actors/room/session_table.hpp"

#include <algorithm>
#include <tuple>

namespace starling::actors {

namespace {
auto rank(const seat& s) { return std::tie(s.opened_ns, s.id); }
}  // namespace

void session_table::add(seat who) {
  const auto at = std::lower_bound(seats_.begin(), seats_.end(), who,
                                   [](const seat& a, const seat& b) { return rank(a) < rank(b); });
  if (at != seats_.end() && at->id == who.id) return;
  seats_.insert(at, std::move(who));
}

bool session_table::remove(const session_id& id) {
  return std::erase_if(seats_, [&](const seat& s) { return s.id == id; }) > 0;
}

bool session_table::remove_node(const node_id& node) {
  return std::erase_if(seats_, [&](const seat& s) { return s.node.str() == node.str(); }) > 0;
}

std::vector<eviction> session_table::enforce(const session_policy& policy) {
  std::vector<eviction> out;
  const auto evict = [&](std::size_t index, close_code why) {
    out.push_back({std::move(seats_[index]), why});
    seats_.erase(seats_.begin() + static_cast<std::ptrdiff_t>(index));
  };
  for (std::size_t i = 0; i < seats_.size();) {
    const bool newer_exists =
        !seats_[i].device.empty() &&
        std::any_of(seats_.begin() + static_cast<std::ptrdiff_t>(i) + 1, seats_.end(),
                    [&](const seat& s) { return s.device == seats_[i].device; });
    if (newer_exists)
      evict(i, close_code::replaced);
    else
      ++i;
  }
  while (policy.max_per_user != 0 && seats_.size() > policy.max_per_user)
    evict(policy.reject_new ? seats_.size() - 1 : 0, close_code::session_limit);
  return out;
}

}  // namespace starling::actors
