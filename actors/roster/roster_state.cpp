#include "actors/roster/roster_state.hpp"

#include <set>
#include <tuple>

namespace starling::actors {

std::vector<roster_state::change> roster_state::load(std::vector<cluster::roster_entry> all) {
  std::vector<change> out;
  std::set<std::tuple<std::string, std::string, std::string>> present;
  for (const auto& e : all) present.insert({e.tenant.str(), e.user, e.room});
  std::vector<cluster::roster_entry> gone;
  for (const auto& [who, rooms] : by_user_)
    for (const auto& [room, e] : rooms)
      if (!present.contains({e.tenant.str(), e.user, e.room})) gone.push_back(e);
  for (auto& e : gone) {
    remove(e);
    out.push_back({std::move(e), false});
  }
  for (auto& e : all)
    if (add(e)) out.push_back({std::move(e), true});
  return out;
}

bool roster_state::add(const cluster::roster_entry& entry) {
  auto& rooms = by_user_[{entry.tenant.str(), entry.user}];
  const auto [at, fresh] = rooms.emplace(entry.room, entry);
  if (fresh) by_room_[{entry.tenant.str(), entry.room}][entry.user] = &at->second;
  return fresh;
}

bool roster_state::remove(const cluster::roster_entry& entry) {
  const auto rooms = by_user_.find({entry.tenant.str(), entry.user});
  if (rooms == by_user_.end() || !rooms->second.contains(entry.room)) return false;
  const auto members = by_room_.find({entry.tenant.str(), entry.room});
  members->second.erase(entry.user);
  if (members->second.empty()) by_room_.erase(members);
  rooms->second.erase(entry.room);
  if (rooms->second.empty()) by_user_.erase(rooms);
  return true;
}

const cluster::roster_entry* roster_state::find(const tenant_id& tenant, const std::string& user,
                                                const std::string& room) const {
  const auto rooms = by_user_.find({tenant.str(), user});
  if (rooms == by_user_.end()) return nullptr;
  const auto found = rooms->second.find(room);
  return found == rooms->second.end() ? nullptr : &found->second;
}

std::vector<cluster::roster_entry> roster_state::rooms_of(const tenant_id& tenant,
                                                          const std::string& user) const {
  std::vector<cluster::roster_entry> out;
  if (const auto rooms = by_user_.find({tenant.str(), user}); rooms != by_user_.end())
    for (const auto& [room, e] : rooms->second) out.push_back(e);
  return out;
}

std::vector<cluster::roster_entry> roster_state::members_of(const tenant_id& tenant,
                                                            const std::string& room,
                                                            const std::string& after,
                                                            std::size_t limit) const {
  std::vector<cluster::roster_entry> out;
  const auto members = by_room_.find({tenant.str(), room});
  if (members == by_room_.end()) return out;
  for (auto at = members->second.upper_bound(after);
       at != members->second.end() && out.size() < limit; ++at)
    out.push_back(*at->second);
  return out;
}

}  // namespace starling::actors
