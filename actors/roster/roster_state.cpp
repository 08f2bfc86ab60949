#include "actors/roster/roster_state.hpp"

#include <algorithm>
#include <utility>

namespace starling::actors {

namespace {

template <class Map>
auto* found(Map& map, std::string_view name) {
  const auto at = map.find(name);
  return at == map.end() ? nullptr : &*at;
}

/// `of.try_emplace(name)` that copies the name only when it is new.
template <class Map>
auto& node_of(Map& of, std::string_view name) {
  const auto at = of.find(name);
  return at == of.end() ? *of.try_emplace(std::string(name)).first : *at;
}

}  // namespace

std::vector<roster_state::room_entry>::const_iterator roster_state::place(
    const std::vector<room_entry>& in, std::string_view room) {
  return std::ranges::lower_bound(
      in, room, {}, [](const room_entry& entry) -> std::string_view { return entry.room->first; });
}

const roster_state::tenant_record* roster_state::tenant_of(const tenant_id& tenant) const {
  const auto* const node = found(tenants_, tenant.str());
  return node ? &node->second : nullptr;
}

bool roster_state::add(const cluster::roster_entry& entry) {
  auto& tenant = node_of(tenants_, entry.tenant.str()).second;
  auto& user = node_of(tenant.users, entry.user);
  auto& rooms = user.second.rooms;
  const auto at = place(rooms, entry.room);
  if (at != rooms.end() && at->room->first == entry.room) {
    rooms[static_cast<std::size_t>(at - rooms.begin())].load = load_;
    return false;
  }
  auto& room = node_of(tenant.rooms, entry.room);
  rooms.insert(at, {&room, entry.since_seq, entry.since_ms, load_});
  room.second.users.insert(&user);
  ++size_;
  return true;
}

void roster_state::leave(tenant_record& tenant, room_node& room, std::string_view user) {
  room.second.users.erase(user);
  if (room.second.users.empty()) tenant.rooms.erase(tenant.rooms.find(room.first));
}

bool roster_state::remove(const cluster::roster_entry& entry) {
  const auto tenant = tenants_.find(entry.tenant.str());
  if (tenant == tenants_.end()) return false;
  auto& users = tenant->second.users;
  const auto user = users.find(entry.user);
  if (user == users.end()) return false;
  auto& rooms = user->second.rooms;
  const auto at = place(rooms, entry.room);
  if (at == rooms.end() || at->room->first != entry.room) return false;
  leave(tenant->second, *at->room, entry.user);
  rooms.erase(at);
  if (rooms.empty()) users.erase(user);
  if (users.empty()) tenants_.erase(tenant);
  --size_;
  return true;
}

std::vector<cluster::roster_entry> roster_state::end_load() {
  std::vector<cluster::roster_entry> gone;
  for (const auto& [tenant, record] : tenants_)
    for (const auto& [user, of] : record.users)
      for (const auto& entry : of.rooms)
        if (entry.load != load_)
          gone.push_back(
              {tenant_id(tenant), entry.room->first, user, entry.since_ms, entry.since_seq});
  for (const auto& entry : gone) remove(entry);
  return gone;
}

std::optional<roster_state::membership> roster_state::find(const tenant_id& tenant,
                                                           std::string_view user,
                                                           std::string_view room) const {
  const auto* const known = tenant_of(tenant);
  const auto* const node = known ? found(known->users, user) : nullptr;
  if (!node) return std::nullopt;
  const auto at = place(node->second.rooms, room);
  if (at == node->second.rooms.end() || at->room->first != room) return std::nullopt;
  return membership{at->since_ms, at->since_seq};
}

std::vector<cluster::roster_entry> roster_state::rooms_of(const tenant_id& tenant,
                                                          std::string_view user) const {
  std::vector<cluster::roster_entry> out;
  const auto* const known = tenant_of(tenant);
  const auto* const node = known ? found(known->users, user) : nullptr;
  if (!node) return out;
  out.reserve(node->second.rooms.size());
  for (const auto& entry : node->second.rooms)
    out.push_back({tenant, entry.room->first, node->first, entry.since_ms, entry.since_seq});
  return out;
}

std::vector<cluster::roster_entry> roster_state::members_of(const tenant_id& tenant,
                                                            std::string_view room,
                                                            std::string_view after,
                                                            std::size_t limit) const {
  std::vector<cluster::roster_entry> out;
  const auto* const known = tenant_of(tenant);
  const auto* const node = known ? found(known->rooms, room) : nullptr;
  if (!node) return out;
  if (limit == 0) return out;
  node->second.users.after(after, [&](const user_node& user) {
    const auto entry = place(user.second.rooms, room);
    out.push_back({tenant, std::string(room), user.first, entry->since_ms, entry->since_seq});
    return out.size() < limit;
  });
  return out;
}

}  // namespace starling::actors
