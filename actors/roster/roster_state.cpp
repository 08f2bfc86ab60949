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

roster_state::tenant_record::~tenant_record() {
  users.for_each([](user_node& user) { user_node::deleter{}(&user); });
}

std::size_t roster_state::place(std::span<const room_entry> in, std::string_view room) {
  const auto at = std::ranges::lower_bound(
      in, room, {}, [](const room_entry& entry) -> std::string_view { return entry.room->first; });
  return static_cast<std::size_t>(at - in.begin());
}

const roster_state::room_entry* roster_state::entry_of(const user_node& user,
                                                       std::string_view room) {
  const auto rooms = user.rooms();
  const auto at = place(rooms, room);
  return at < rooms.size() && rooms[at].room->first == room ? &rooms[at] : nullptr;
}

const roster_state::tenant_record* roster_state::tenant_of(const tenant_id& tenant) const {
  const auto* const node = found(tenants_, tenant.str());
  return node ? &node->second : nullptr;
}

bool roster_state::add(const cluster::roster_entry& entry) {
  auto& tenant = node_of(tenants_, entry.tenant.str()).second;
  auto* user = tenant.users.find(entry.user);
  if (!user) {
    auto fresh = user_node::make(entry.user);
    user = fresh.get();
    tenant.users.insert(user);
    static_cast<void>(fresh.release());  // the tenant's now
  }
  const auto rooms = user->rooms();
  const auto at = place(rooms, entry.room);
  if (at < rooms.size() && rooms[at].room->first == entry.room) {
    rooms[at].load = load_;
    return false;
  }
  auto& room = node_of(tenant.rooms, entry.room);
  user->insert(at, {&room, entry.since_seq, entry.since_ms, load_});
  room.second.users.insert(user);
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
  auto* const user = users.find(entry.user);
  const auto* const known = user ? entry_of(*user, entry.room) : nullptr;
  if (!known) return false;
  leave(tenant->second, *known->room, entry.user);
  user->erase(static_cast<std::size_t>(known - user->rooms().data()));
  if (user->rooms().empty()) {
    users.erase(user);
    user_node::deleter{}(user);
  }
  if (users.empty()) tenants_.erase(tenant);
  --size_;
  return true;
}

std::vector<cluster::roster_entry> roster_state::end_load() {
  std::vector<cluster::roster_entry> gone;
  for (const auto& [tenant, record] : tenants_)
    record.users.for_each([&, &tenant = tenant](const user_node& user) {
      for (const auto& entry : user.rooms())
        if (entry.load != load_)
          gone.push_back({tenant_id(tenant), entry.room->first, std::string(user.name()),
                          entry.since_ms, entry.since_seq});
    });
  for (const auto& entry : gone) remove(entry);
  return gone;
}

std::optional<roster_state::membership> roster_state::find(const tenant_id& tenant,
                                                           std::string_view user,
                                                           std::string_view room) const {
  const auto* const known = tenant_of(tenant);
  const auto* const node = known ? known->users.find(user) : nullptr;
  const auto* const entry = node ? entry_of(*node, room) : nullptr;
  if (!entry) return std::nullopt;
  return membership{entry->since_ms, entry->since_seq};
}

std::vector<cluster::roster_entry> roster_state::rooms_of(const tenant_id& tenant,
                                                          std::string_view user) const {
  std::vector<cluster::roster_entry> out;
  const auto* const known = tenant_of(tenant);
  const auto* const node = known ? known->users.find(user) : nullptr;
  if (!node) return out;
  const auto rooms = node->rooms();
  out.reserve(rooms.size());
  for (const auto& entry : rooms)
    out.push_back(
        {tenant, entry.room->first, std::string(node->name()), entry.since_ms, entry.since_seq});
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
    const auto* const entry = entry_of(user, room);
    out.push_back(
        {tenant, std::string(room), std::string(user.name()), entry->since_ms, entry->since_seq});
    return out.size() < limit;
  });
  return out;
}

}  // namespace starling::actors
