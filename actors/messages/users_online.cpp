#include "actors/messages/users_online.hpp"

#include <utility>

#include "actors/messages/session.hpp"

namespace starling::actors {

void merge(users_by_name& into, const net::presence_user& from) {
  auto& user = into[from.user];
  if (user.sessions == 0 || more_available(from.state, user.state)) user.state = from.state;
  if (user.sessions == 0 || from.since_ms < user.since_ms) user.since_ms = from.since_ms;
  user.sessions += from.sessions;
  user.user = from.user;
}

std::vector<net::presence_user> listed(users_by_name users) {
  std::vector<net::presence_user> out;
  out.reserve(users.size());
  for (auto& [name, user] : users) out.push_back(std::move(user));
  return out;
}

}  // namespace starling::actors
