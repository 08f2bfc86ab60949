// Who is in a room, and who is online in the rooms of the caller.
#include <algorithm>
#include <map>

#include "actors/api/api_call.hpp"
#include "actors/api/gather.hpp"
#include "actors/messages/session.hpp"
#include "net/auth/identity.hpp"
#include "net/wire/admin_codec.hpp"

namespace starling::actors {

namespace {

using json = api_call::json;
using users_by_name = std::map<std::string, net::presence_user>;

/// The most available state of all counts; sessions add up; the earliest start stays.
void merge(users_by_name& into, const net::presence_user& from) {
  auto& user = into[from.user];
  if (user.sessions == 0 || more_available(from.state, user.state)) user.state = from.state;
  if (user.sessions == 0 || from.since_ms < user.since_ms) user.since_ms = from.since_ms;
  user.sessions += from.sessions;
  user.user = from.user;
}

users_by_name merged(const cluster_answer<presence_answer>& given) {
  users_by_name out;
  for (const auto& part : given.parts)
    for (const auto& user : part.body.users) merge(out, user);
  return out;
}

json users_json(const users_by_name& users) {
  json out = json::array();
  for (const auto& [name, user] : users) out.push_back(user);
  return out;
}

void get_presence(const call_ptr& call) {
  if_may_read(call, call->request.name, [call] {
    call->parts.cluster.ask_all(call->loop, presence_question{call->tenant, call->request.name},
                                [call](const cluster_answer<presence_answer>& given) {
                                  const auto users = merged(given);
                                  // Beyond what an answer may hold only numbers come, and who is on
                                  // two nodes counts twice.
                                  std::uint64_t unnamed = 0;
                                  for (const auto& part : given.parts)
                                    unnamed += part.body.total - part.body.users.size();
                                  call->answer({{"room", call->request.name},
                                                {"count", users.size() + unnamed},
                                                {"users", users_json(users)},
                                                {"unreachable", given.missing}});
                                });
  });
}

void answer_online(const call_ptr& call, const std::vector<std::string>& rooms) {
  if (rooms.empty()) return call->answer(json::array());
  const auto all = std::make_shared<gather<users_by_name>>(
      rooms.size(), [call](const std::vector<users_by_name>& of_rooms) {
        users_by_name users;
        for (const auto& one : of_rooms)
          for (const auto& [name, user] : one)
            if (name != call->caller().user.str()) merge(users, user);
        call->answer(users_json(users));
      });
  for (const auto& room : rooms)
    call->parts.cluster.ask_all(call->loop, presence_question{call->tenant, room},
                                [part = all->part()](const cluster_answer<presence_answer>& given) {
                                  part(merged(given));
                                });
}

void get_online_users(const call_ptr& call) {
  if (const auto* room = call->parameter("room"))
    return if_may_read(call, *room, [call, room = *room] { answer_online(call, {room}); });
  const auto with_token = [call](const result<std::vector<std::string>>& member_of) {
    if (!member_of) return call->fail(member_of.error());
    auto rooms = *member_of;
    for (const auto& room : call->caller().rooms)
      if (net::is_exact(room)) rooms.push_back(room);
    std::sort(rooms.begin(), rooms.end());
    rooms.erase(std::unique(rooms.begin(), rooms.end()), rooms.end());
    answer_online(call, rooms);
  };
  call->parts.node.roster.send(
      rooms_of_user_query{call->tenant, call->caller().user.str(), call->back(with_token)});
}

}  // namespace

api_rows presence_rows() {
  using enum net::http_method;
  return {
      {get, "/api/rooms/{room}/presence", net::access::token, get_presence, "tenant"},
      {get, "/online-users", net::access::token, get_online_users, "room"},
  };
}

}  // namespace starling::actors
