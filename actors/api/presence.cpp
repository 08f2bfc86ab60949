// Who is in a room, and who is online in the rooms of the caller.
#include "actors/api/api_call.hpp"
#include "actors/api/online.hpp"
#include "net/wire/admin_codec.hpp"

namespace starling::actors {

namespace {

using json = api_call::json;

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

void get_online_users(const call_ptr& call) {
  using scope = net::service::online_scope;
  const auto* room = call->parameter("room");
  find_online(call->parts, call->loop, call->request.caller, room ? scope::room : scope::own_rooms,
              room ? *room : std::string(),
              [call](const result<std::vector<net::presence_user>>& users) {
                if (!users) return call->fail(users.error());
                json out = json::array();
                for (const auto& user : *users) out.push_back(user);
                call->answer(out);
              });
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
