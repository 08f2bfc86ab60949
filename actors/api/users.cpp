// Users with sessions in the cluster.
#include "actors/api/channel_list.hpp"
#include "actors/api/gather.hpp"
#include "actors/api/listing.hpp"
#include "net/wire/admin_codec.hpp"

namespace starling::actors {

namespace {

using json = api_call::json;

void list_users(const call_ptr& call) {
  list_channels(call, {channel_kind::user, "users", "user", "sessions"});
}

sessions_question sessions_of(const call_ptr& call) {
  return {.tenant = call->tenant, .user = call->request.name};
}

void get_user(const call_ptr& call) {
  call->parts.cluster.ask_all(
      call->loop, sessions_of(call), [call](const cluster_answer<sessions_answer>& given) {
        json details = json::array();
        std::set<std::string> on;
        std::uint64_t sessions = 0;
        for (const auto& part : given.parts) {
          sessions += part.body.total;
          for (const auto& session : part.body.sessions) {
            details.push_back(session);
            on.insert(part.node);
          }
        }
        json out{{"user", call->request.name},
                 {"tenant", call->tenant.str()},
                 {"sessions", sessions},
                 {"nodes", on},
                 {"details", std::move(details)}};
        add_nodes(out, given);
        const auto with_rooms = [call, sessions, out = std::move(out)](
                                    const result<std::vector<std::string>>& rooms) mutable {
          if (!rooms) return call->fail(rooms.error());
          if (rooms->empty() && sessions == 0)
            return call->fail(error{
                errc::not_found, "user \"" + call->request.name + "\" has no session and no room"});
          out["rooms"] = *rooms;
          call->answer(out);
        };
        call->parts.node.roster.send(
            rooms_of_user_query{call->tenant, call->request.name, call->back(with_rooms)});
      });
}

void kick_user(const call_ptr& call) {
  call->parts.cluster.ask_all(
      call->loop, sessions_of(call), [call](const cluster_answer<sessions_answer>& given) {
        std::vector<session_id> ids;
        for (const auto& part : given.parts)
          for (const auto& session : part.body.sessions)
            if (const auto id = session_id::parse(session.client_id)) ids.push_back(*id);
        if (ids.empty())
          return call->fail(
              error{errc::not_found, "user \"" + call->request.name + "\" has no session"});
        const auto all = std::make_shared<gather<bool>>(
            ids.size(), [call, missing = given.missing](const std::vector<bool>& closed) {
              call->answer({{"closed", std::count(closed.begin(), closed.end(), true)},
                            {"missing", missing}});
            });
        for (const auto& id : ids)
          call->parts.cluster.ask_home_of(
              call->loop, id, close_question{id, call->tenant},
              [part = all->part()](const result<nothing>& closed) { part(closed.ok()); });
      });
}

}  // namespace

api_rows user_rows() {
  using enum net::http_method;
  constexpr auto admin = net::access::admin;
  return {
      {get, "/admin/v1/users", admin, list_users, "after limit search sort tenant all_tenants"},
      {get, "/admin/v1/users/{name}", admin, get_user, "tenant"},
      {del, "/admin/v1/users/{name}/sessions", admin, kick_user, "tenant"},
  };
}

}  // namespace starling::actors
