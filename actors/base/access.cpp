#include "actors/base/access.hpp"

#include <string_view>
#include <unordered_set>

namespace starling::actors {

std::vector<std::string> rooms_to_join(const net::identity& identity,
                                       const std::vector<std::string>& asked) {
  std::vector<std::string> out;
  std::unordered_set<std::string_view> seen;
  const auto add = [&](const std::string& room) {
    if (seen.insert(room).second) out.push_back(room);
  };
  for (const auto& room : identity.rooms)
    if (room.find('*') == room.npos) add(room);
  for (const auto& room : asked) add(room);
  return out;
}

result<void> may_publish(const net::identity& caller, const net::publish_item& item) {
  using kind = net::publish_item::target_kind;
  switch (item.target) {
    case kind::all:
      if (!caller.admin) return error{errc::forbidden, "publishing to all needs an admin token"};
      return {};
    case kind::client:
      if (!net::may_publish_client(caller, item.client.str()))
        return error{errc::forbidden,
                     "the token may not publish to client \"" + item.client.str() + "\""};
      return {};
    case kind::rooms:
      for (const auto& room : item.names)
        if (!net::may_publish_room(caller, room))
          return error{errc::forbidden, "the token may not publish to room \"" + room + "\""};
      return {};
    case kind::users:
      for (const auto& user : item.names)
        if (!net::may_publish_user(caller, user))
          return error{errc::forbidden, "the token may not publish to user \"" + user + "\""};
      return {};
  }
  return error{errc::internal, "unknown target"};
}

}  // namespace starling::actors
