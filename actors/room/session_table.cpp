#include "actors/room/session_table.hpp"

#include <algorithm>
#include <tuple>

namespace starling::actors {

namespace {
auto rank(const user_session& s) { return std::tie(s.opened_ns, s.id); }
}  // namespace

void session_table::add(user_session session) {
  const auto at = std::lower_bound(
      sessions_.begin(), sessions_.end(), session,
      [](const user_session& a, const user_session& b) { return rank(a) < rank(b); });
  if (at != sessions_.end() && at->id == session.id) return;
  sessions_.insert(at, std::move(session));
}

bool session_table::remove(const session_id& id) {
  return std::erase_if(sessions_, [&](const user_session& s) { return s.id == id; }) > 0;
}

bool session_table::remove_node(const node_id& node) {
  return std::erase_if(sessions_,
                       [&](const user_session& s) { return s.node.str() == node.str(); }) > 0;
}

std::vector<eviction> session_table::enforce(const session_policy& policy) {
  std::vector<eviction> out;
  const auto evict = [&](std::size_t index, close_code why) {
    out.push_back({std::move(sessions_[index]), why});
    sessions_.erase(sessions_.begin() + static_cast<std::ptrdiff_t>(index));
  };
  for (std::size_t i = 0; i < sessions_.size();) {
    const bool newer_exists =
        !sessions_[i].device.empty() &&
        std::any_of(sessions_.begin() + static_cast<std::ptrdiff_t>(i) + 1, sessions_.end(),
                    [&](const user_session& s) { return s.device == sessions_[i].device; });
    if (newer_exists)
      evict(i, close_code::replaced);
    else
      ++i;
  }
  while (policy.max_per_user != 0 && sessions_.size() > policy.max_per_user)
    evict(policy.reject_new ? sessions_.size() - 1 : 0, close_code::session_limit);
  return out;
}

}  // namespace starling::actors
