#include "actors/ingest/tenant_finder.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace starling::actors {

std::optional<std::vector<net::mapped_event>> tenant_finder::find(
    const std::vector<net::mapped_event>& events, bool asked) const {
  found out;
  for (const auto& event : events)
    if (!find(event, asked, out)) return std::nullopt;
  return out;
}

bool tenant_finder::find(const net::mapped_event& event, bool asked, found& out) const {
  if (event.tenant) return find_named(event, asked, out);
  return find_by_room(event, out) || find_by_people(event, asked, out);
}

bool tenant_finder::find_named(const net::mapped_event& event, bool asked, found& out) const {
  if (event.tenant->str() == "*") {
    if (!asked) return false;  // others may know of more
    for (const auto& tenant : directory_.tenants()) add(event, tenant, out);
    return true;
  }
  if (learns_)
    for (const auto& room : event.rooms) directory_.room_seen(*event.tenant, room);
  add(event, *event.tenant, out);
  return true;
}

bool tenant_finder::find_by_room(const net::mapped_event& event, found& out) const {
  for (const auto& room : event.rooms)
    if (const auto owners = directory_.of_room(room); owners.size() == 1) {
      add(event, owners.front(), out);
      return true;
    }
  return false;
}

/// Those of one tenant make it that tenant's; of several, each gets a copy for its own.
bool tenant_finder::find_by_people(const net::mapped_event& event, bool asked, found& out) const {
  std::vector<tenant_id> tenants;
  std::vector<std::vector<std::string>> users;
  for (const auto* people : {&event.users, &event.about, &event.exclude})
    for (const auto& user : *people) {
      const auto theirs = directory_.of_user(user);
      if (theirs.empty() && !asked && people == &event.users) return false;  // others may know
      for (const auto& tenant : theirs) {
        const auto at = static_cast<std::size_t>(std::find(tenants.begin(), tenants.end(), tenant) -
                                                 tenants.begin());
        if (at == tenants.size()) {
          tenants.push_back(tenant);
          users.emplace_back();
        }
        if (people == &event.users) users[at].push_back(user);
      }
    }
  if (tenants.size() == 1) {
    if (learns_)
      for (const auto& room : event.rooms) directory_.room_seen(tenants.front(), room);
    add(event, tenants.front(), out);
    return true;
  }
  if (event.everyone) return false;
  bool reached = false;
  for (std::size_t i = 0; i < tenants.size(); ++i) {
    if (users[i].empty()) continue;
    auto& copy = add(event, tenants[i], out);
    copy.rooms.clear();
    copy.users = std::move(users[i]);
    copy.members = net::member_change::none;
    reached = true;
  }
  return reached;
}

net::mapped_event& tenant_finder::add(const net::mapped_event& event, const tenant_id& tenant,
                                      found& out) {
  auto& copy = out.emplace_back(event);
  copy.tenant = tenant;
  return copy;
}

}  // namespace starling::actors
