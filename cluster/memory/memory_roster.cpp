#include "cluster/memory/memory_roster.hpp"

#include <utility>

namespace starling::cluster {

void memory_roster::start(roster_listener& listener) {
  const std::lock_guard hold(mutex_);
  listener_ = &listener;
  roster_part all{{}, true, true};
  all.entries.reserve(entries_.size());
  for (const auto& [key, entry] : entries_) all.entries.push_back(entry);
  listener.on_roster(std::move(all));
}

void memory_roster::stop() {
  const std::lock_guard hold(mutex_);
  listener_ = nullptr;
}

void memory_roster::put(roster_entry entry, completion<roster_entry> done) {
  {
    const std::lock_guard hold(mutex_);
    const auto [at, added] =
        entries_.try_emplace(membership{entry.tenant, entry.room, entry.user}, entry);
    entry = at->second;
    if (added && listener_) listener_->on_member_added(entry);
  }
  done(std::move(entry));
}

void memory_roster::erase(tenant_id tenant, std::string room, std::string user,
                          completion<bool> done) {
  bool found = false;
  {
    const std::lock_guard hold(mutex_);
    const auto at = entries_.find({std::move(tenant), std::move(room), std::move(user)});
    found = at != entries_.end();
    if (found) {
      const auto entry = std::move(at->second);
      entries_.erase(at);
      if (listener_) listener_->on_member_removed(entry);
    }
  }
  done(found);
}

void memory_roster::apply(std::vector<roster_change> changes, completion<void> done) {
  {
    const std::lock_guard hold(mutex_);
    for (auto& [entry, member] : changes) {
      const membership key{entry.tenant, entry.room, entry.user};
      if (member)
        entries_.insert_or_assign(key, entry);
      else
        entries_.erase(key);
      if (!listener_) continue;
      if (member)
        listener_->on_member_added(std::move(entry));
      else
        listener_->on_member_removed(std::move(entry));
    }
  }
  done({});
}

}  // namespace starling::cluster
