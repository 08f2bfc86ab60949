/// The HTTP API behind publishing and streams: rooms, roster, presence, inspection, commands.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "actors/api/cluster_view.hpp"
#include "actors/base/node_directory.hpp"
#include "actors/messages/context.hpp"
#include "net/io/io_loop.hpp"
#include "net/service.hpp"

namespace starling::actors {

/// Turns api_requests into questions to actors and nodes, and their answers into JSON. Everything a
/// request sees is of its token's tenant. Replies are called on the asking loop.
class node_api {
 public:
  node_api(node_context& node, node_directory& nodes, cluster_view& cluster,
           const std::vector<net::io_loop*>& loops);

  void call(net::io_loop& loop, net::api_request request,
            std::function<void(net::api_reply)> reply);

  /// `{event?, data}` of the Oblivious calls; data is text.
  struct notice {
    std::string event = "message";
    std::string data;
  };

 private:
  /// Answers keep the order in which they were written: lists first, then who answered.
  using answer = nlohmann::ordered_json;
  using done = std::function<void(result<answer>)>;

  void dispatch(const net::api_request& request, done reply);

  // node_api_rooms.cpp
  void history(const net::api_request& request, done reply);
  void presence(const net::api_request& request, done reply);
  void online_users(const net::api_request& request, done reply);
  void members(const net::api_request& request, done reply);
  void member(const net::api_request& request, done reply);
  void put_member(const net::api_request& request, done reply);
  void delete_member(const net::api_request& request, done reply);
  void may_read_room(const net::api_request& request, const std::string& room,
                     std::function<void(result<void>)> allowed);
  void when_known_everywhere(const net::api_request& request, bool member,
                             std::function<void()> then);

  // node_api_sessions.cpp
  void renew(const net::api_request& request, done reply);
  void disconnect(const net::api_request& request, done reply);
  void broadcast(const net::api_request& request, done reply);
  void send(const net::api_request& request, done reply);
  void publish(net::identity_ptr who, net::publish_item item, const notice& what,
               const char* success, done reply);
  void kick_user(const net::api_request& request, done reply);
  void close(const session_id& id, const net::identity& who, bool any_owner, done reply);

  // node_api_admin.cpp
  void nodes(done reply);
  void node(const std::string& id, done reply);
  void command_node(const net::api_request& request, nlohmann::json command, done reply);
  void rooms(const net::api_request& request, done reply);
  void room(const net::api_request& request, done reply);
  void users(const net::api_request& request, done reply);
  void user(const net::api_request& request, done reply);
  void sessions(const net::api_request& request, done reply);
  void session(const net::api_request& request, done reply);
  void stats(std::function<void(answer)> reply);
  void trace(const net::api_request& request, done reply);

  node_context& node_;
  node_directory& nodes_;
  cluster_view& cluster_;
  const std::vector<net::io_loop*>& loops_;
};

/// This node's part of the cluster's statistics.
nlohmann::json local_stats(const node_context& node, const std::vector<net::io_loop*>& loops);

}  // namespace starling::actors
