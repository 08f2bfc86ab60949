/// What the actor of a live channel takes: a room (or the audience of a tenant), or a user.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "actors/messages/session.hpp"
#include "actors/runtime/inbox.hpp"
#include "net/wire/admin.hpp"

namespace starling::actors {

/// bridge -> room, user.
struct inbound {
  publication_ptr what;
};

/// bridge -> room, user: the session is a member from here on; add what the ring has for it.
struct attach_member {
  ticket_ptr ticket;
  std::size_t which;  ///< index in ticket->channels
};

/// bridge -> room, user.
struct detach_member {
  session_ptr session;
  unsigned shard;
  bool ended;
};

/// bridge -> room, user: the store began anew; what you remember is of its former life.
struct forget_history {
  sequence from;
};

/// fanout -> room, user: answer to recount.
struct members_report {
  unsigned shard;
  std::vector<session_ptr> members;
  std::vector<handle<connection_inbox>> connections;  ///< same order
};

/// node -> bridge -> room: who is in it, on this node.
struct presence_query {
  channel where;
  std::function<void(std::vector<net::presence_user>)> done;
};

/// bridge -> user: may this session be?
struct admit {
  ticket_ptr ticket;
};

/// engine -> bridge -> user.
struct engine_control {
  channel where;
  std::string payload;
};

/// membership -> bridge -> user: a node is gone, and its sessions with it.
struct node_gone {
  node_id node;
};

/// user -> user: other nodes have had time to object.
struct settled {};

/// Of both kinds.
class channel_inbox
    : public inbox<inbound, attach_member, detach_member, forget_history, members_report> {
 public:
  using inbox::inbox;
};

/// Taken by room/room.cpp.
class room_inbox : public detail::inbox_chain<channel_inbox, presence_query> {
 public:
  using channel_inbox::on;
  using inbox_chain::inbox_chain;
  using inbox_chain::on;
};

/// Taken by room/user.cpp.
class user_inbox
    : public detail::inbox_chain<channel_inbox, admit, engine_control, node_gone, settled> {
 public:
  using channel_inbox::on;
  using inbox_chain::inbox_chain;
  using inbox_chain::on;
};

}  // namespace starling::actors
