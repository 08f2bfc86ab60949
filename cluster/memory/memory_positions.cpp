#include "cluster/memory/memory_positions.hpp"

namespace starling::cluster {

void memory_positions::put(const tenant_id& tenant, const std::string& user, const cursor& at) {
  const std::lock_guard hold(mutex_);
  const auto now = steady_clock::now();
  forget_old(now);
  const auto [known, added] = entries_.try_emplace({tenant, user});
  if (!added) by_age_.erase(known->second);
  known->second = by_age_.insert(by_age_.end(), entry{known->first, at, now});
}

void memory_positions::get(const tenant_id& tenant, const std::string& user,
                           completion<std::optional<cursor>> done) {
  std::optional<cursor> found;
  {
    const std::lock_guard hold(mutex_);
    forget_old(steady_clock::now());
    if (const auto known = entries_.find({tenant, user}); known != entries_.end())
      found = known->second->at;
  }
  done(found);
}

void memory_positions::forget_old(steady_time now) {
  if (max_age_.count() == 0) return;
  while (!by_age_.empty() && now - by_age_.front().written >= max_age_) {
    entries_.erase(by_age_.front().whose);
    by_age_.pop_front();
  }
}

}  // namespace starling::cluster
