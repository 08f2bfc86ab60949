#include "cluster/memory/memory_positions.hpp"

namespace starling::cluster {

memory_positions::entry& memory_positions::renewed(const tenant_id& tenant,
                                                   const std::string& user) {
  const auto now = steady_clock::now();
  forget_old(now);
  const auto [known, added] = entries_.try_emplace({tenant, user});
  if (added)
    known->second = by_age_.insert(by_age_.end(), entry{known->first, {}, {}, now});
  else
    by_age_.splice(by_age_.end(), by_age_, known->second);
  known->second->written = now;
  return *known->second;
}

std::optional<memory_positions::entry> memory_positions::find(const tenant_id& tenant,
                                                              const std::string& user) {
  const std::lock_guard hold(mutex_);
  forget_old(steady_clock::now());
  const auto known = entries_.find({tenant, user});
  return known == entries_.end() ? std::nullopt : std::optional<entry>(*known->second);
}

void memory_positions::put(const tenant_id& tenant, const std::string& user, const cursor& at) {
  const std::lock_guard hold(mutex_);
  renewed(tenant, user).at = at;
}

void memory_positions::put_rooms(const tenant_id& tenant, const std::string& user,
                                 const std::vector<std::string>& rooms) {
  const std::lock_guard hold(mutex_);
  renewed(tenant, user).rooms = rooms;
}

void memory_positions::get(const tenant_id& tenant, const std::string& user,
                           completion<std::optional<cursor>> done) {
  const auto known = find(tenant, user);
  done(known ? known->at : std::nullopt);
}

void memory_positions::rooms(const tenant_id& tenant, const std::string& user,
                             completion<std::vector<std::string>> done) {
  auto known = find(tenant, user);
  done(known ? std::move(known->rooms) : std::vector<std::string>());
}

void memory_positions::forget_old(steady_time now) {
  if (max_age_.count() == 0) return;
  while (!by_age_.empty() && now - by_age_.front().written >= max_age_) {
    entries_.erase(by_age_.front().whose);
    by_age_.pop_front();
  }
}

}  // namespace starling::cluster
