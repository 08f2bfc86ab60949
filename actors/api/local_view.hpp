/// What this node alone can tell: sessions, rooms, users, presence; and what it alone can do to its
/// sessions. The cluster-wide answers are made of these (see cluster_view).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "actors/messages/context.hpp"
#include "actors/messages/session.hpp"

namespace starling::actors {

/// Which sessions are meant. Empty fields match all.
struct session_filter {
  tenant_id tenant;
  std::string user;
  std::optional<session_id> id;
};

/// Any thread; answers come on a shard's thread.
class local_view {
 public:
  explicit local_view(node_context& node) : node_(node) {}

  void sessions(const session_filter& which,
                std::function<void(std::vector<net::session_info>)> done) const;
  void channels(channel_kind kind, std::function<void(std::vector<net::room_info>)> done) const;
  void presence(const channel& where,
                std::function<void(std::vector<net::presence_user>)> done) const;
  /// Closes sessions; `done` gets how many there were, or forbidden/not_found for a single id.
  void close(const session_id& id, std::optional<tenant_id> tenant, std::optional<user_id> owner,
             close_code why, std::function<void(result<void>)> done) const;
  void renew(const session_id& id, net::identity_ptr fresh,
             std::function<void(result<void>)> done) const;
  void deliver(event what, std::function<void(result<void>)> done) const;

 private:
  node_context& node_;
};

}  // namespace starling::actors
