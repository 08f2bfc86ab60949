#include "actors/api/node_api.hpp"

#include <boost/asio/post.hpp>
#include <nlohmann/json.hpp>

#include "net/wire/codec.hpp"

namespace starling::actors {

using json = nlohmann::ordered_json;
using message = nlohmann::json;  // between nodes: any order
using net::api_op;

node_api::node_api(node_context& node, node_directory& nodes, cluster_view& cluster,
                   const std::vector<net::io_loop*>& loops)
    : node_(node), nodes_(nodes), cluster_(cluster), loops_(loops) {}

void node_api::call(net::io_loop& loop, net::api_request request,
                    std::function<void(net::api_reply)> reply) {
  dispatch(request, [&loop, reply = std::move(reply)](result<json> answer) {
    net::api_reply out;
    if (answer) {
      out.body = answer->dump(-1, ' ', false, json::error_handler_t::replace);
    } else {
      out.status = info(answer.error().code).http_status;
      out.body = net::error_json(answer.error());
    }
    if (loop.on_thread()) return reply(std::move(out));
    boost::asio::post(loop.context(),
                      [reply, out = std::move(out)]() mutable { reply(std::move(out)); });
  });
}

void node_api::dispatch(const net::api_request& request, done reply) {
  const auto id = session_id::parse(request.name);
  const auto no_session = [&] {
    reply(error{errc::not_found, "no session \"" + request.name + "\""});
  };
  switch (request.op) {
    case api_op::room_history: return history(request, std::move(reply));
    case api_op::room_presence: return presence(request, std::move(reply));
    case api_op::members_list: return members(request, std::move(reply));
    case api_op::member_get: return member(request, std::move(reply));
    case api_op::member_put: return put_member(request, std::move(reply));
    case api_op::member_delete: return delete_member(request, std::move(reply));
    case api_op::online_users: return online_users(request, std::move(reply));
    case api_op::session_token: return id ? renew(request, std::move(reply)) : no_session();
    case api_op::sse_disconnect: return id ? disconnect(request, std::move(reply)) : no_session();
    case api_op::sse_broadcast: return broadcast(request, std::move(reply));
    case api_op::sse_send: return id ? send(request, std::move(reply)) : no_session();
    case api_op::sse_stats:
      return stats([reply](json all) {
        reply(json{{"statistics",
                    {{"active_connections", all["sessions"]},
                     {"total_connections", all["opened"]},
                     {"total_messages", all["deliveries"]},
                     {"total_bytes", all["bytes_out"]}}}});
      });
    case api_op::admin_nodes: return nodes(std::move(reply));
    case api_op::admin_node: return node(request.name, std::move(reply));
    case api_op::admin_rooms: return rooms(request, std::move(reply));
    case api_op::admin_room: return room(request, std::move(reply));
    case api_op::admin_users: return users(request, std::move(reply));
    case api_op::admin_user: return user(request, std::move(reply));
    case api_op::admin_sessions: return sessions(request, std::move(reply));
    case api_op::admin_session: return id ? session(request, std::move(reply)) : no_session();
    case api_op::admin_stats: return stats([reply](json all) { reply(std::move(all)); });
    case api_op::admin_kick_session:
      return id ? close(*id, *request.who, true,
                        [reply](result<json> closed) {
                          reply(closed ? result<json>(json{{"closed", 1}}) : closed);
                        })
                : no_session();
    case api_op::admin_kick_user: return kick_user(request, std::move(reply));
    case api_op::admin_drain:
      return command_node(request, {{"op", "drain"}}, [reply, name = request.name](auto answer) {
        if (!answer) return reply(std::move(answer));
        reply(json{{"node", name}, {"draining", true}});
      });
    case api_op::admin_log_level: {
      const auto body = message::parse(request.body, nullptr, false);
      if (!body.is_object() || !body.contains("level") || !body["level"].is_string())
        return reply(error{errc::malformed, "the body must be {\"level\":\"debug\"}"});
      return command_node(request, {{"op", "log_level"}, {"level", body["level"]}},
                          std::move(reply));
    }
    case api_op::admin_trace: return trace(request, std::move(reply));
    case api_op::admin_config: break;  // the node answers it itself
  }
  reply(error{errc::internal, "not an operation of this API"});
}

}  // namespace starling::actors
