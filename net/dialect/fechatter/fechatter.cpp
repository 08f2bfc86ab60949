#include "net/dialect/fechatter/fechatter.hpp"

#include "net/base/clock.hpp"
#include "net/base/time_text.hpp"
#include "net/dialect/fechatter/messages.hpp"
#include "net/front/http_handlers.hpp"
#include "net/wire/json_writer.hpp"

namespace starling::net::fechatter {

namespace {

using scope = service::online_scope;

// -- who is online -------------------------------------------------------------------------------

/// What was asked: `chat_id` and `workspace_id` are fechatter's, `room` is ours.
struct online_request {
  scope among = scope::own_rooms;
  std::string room;
};

result<online_request> read_online_request(const query_params& query, const identity& caller) {
  online_request out;
  const auto* room = query.find("room");
  const auto* chat = query.find("chat_id");
  const auto* workspace = query.find("workspace_id");
  if (room && chat) return error{errc::malformed, "room and chat_id exclude each other"};
  if (workspace && *workspace != caller.tenant.str())
    return error{errc::forbidden, "workspace_id is not the workspace of this token"};
  if (workspace) out.among = scope::tenant;
  if (!room && !chat) return out;
  out.among = scope::room;
  out.room = room ? *room : room_of_chat(*chat);
  if (!valid_room(out.room))
    return error{errc::malformed, chat ? "chat_id must be the number of a chat"
                                       : "room must be " + std::string(room_rule)};
  return out;
}

/// The native members, and fechatter's besides.
void append_user(std::string& out, const presence_user& user) {
  json_writer object(out);
  object.text("user", user.user);
  object.text("state", user.state);
  object.number("sessions", user.sessions);
  object.number("since", user.since_ms);
  object.raw("user_id", id_json(user.user));
  object.text("status", user.state);
  object.text("connected_at", rfc3339(user.since_ms));
  object.text("last_seen", rfc3339(wall_ms()));  // a session of theirs lives
}

void handle_online_users(std::shared_ptr<http_session> session) {
  auto& front = session->front();
  const auto& x = session->exchange();
  const auto caller = x.caller;
  auto asked = read_online_request(x.request.query(), *caller);
  if (!asked) return session->answer(asked.error());
  auto ticket = std::make_shared<answer_ticket>(std::move(session));
  front.shared->node.online_users(front.loop, caller, asked->among, std::move(asked->room),
                                  [ticket](const result<std::vector<presence_user>>& users) {
                                    if (!users) return ticket->answer(users.error());
                                    http_response out{.body = "["};
                                    for (const auto& user : *users) {
                                      if (out.body.size() > 1) out.body += ',';
                                      append_user(out.body, user);
                                    }
                                    out.body += ']';
                                    ticket->answer(std::move(out));
                                  });
}

// -- health --------------------------------------------------------------------------------------

/// `/sse/health`: of this node, and without a token, or gateways take it for down.
void handle_health(std::shared_ptr<http_session> session) {
  const auto state = session->front().shared->node.health();
  http_response out;
  out.status = state.ready ? 200 : 503;
  out.headers = "Cache-Control: no-store\r\n";
  {
    json_writer object(out.body);
    object.text("status", state.ready ? "healthy" : "unhealthy");
    object.text("service", "starling");
    object.text("transport", "sse");
    object.text("timestamp", rfc3339(wall_ms()));
    object.number("connected_users", state.users);
    object.number("active_chats", state.rooms);
  }
  session->answer(std::move(out));
}

}  // namespace

std::vector<route> routes() {
  return {{.path = "/online-users",
           .needs = access::token,
           .run = handle_online_users,
           .query = "room chat_id workspace_id"},
          {.path = "/sse/health", .needs = access::none, .run = handle_health}};
}

}  // namespace starling::net::fechatter
