#include "actors/session/opening.hpp"

#include "actors/base/access.hpp"

namespace starling::actors {

opening::resume_wish opening::wish() const {
  if (!request->last_event_id) return {request->since_last, request->since_last};
  const auto at = parse_cursor(*request->last_event_id);
  if (!at) return {.lost = {net::lost_room{"*", "bad_cursor"}}};
  // Of a dialect's sessions nobody remembers any rooms.
  return {.former_rooms = !request->view, .from = at->at};
}

std::vector<wanted_channel> opening::channels(const net::identity& identity,
                                              bool own_history) const {
  const auto& tenant = identity.tenant;
  std::vector<wanted_channel> out;
  out.push_back({std::make_shared<channel>(user_channel(tenant, identity.user.str())), 0, false,
                 false, own_history});
  out.push_back({std::make_shared<channel>(tenant_channel(tenant))});
  for (const auto& name : rooms_to_join(identity, request->rooms))
    out.push_back({std::make_shared<channel>(room_channel(tenant, name))});
  return out;
}

}  // namespace starling::actors
