/// What the actor of a live channel takes: a room (or the audience of a tenant), or a user.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "actors/messages/connection_inbox.hpp"
#include "actors/runtime/inbox.hpp"
#include "net/wire/admin.hpp"

namespace starling::actors {

/// bridge -> room, user: a stored event of the channel, in order; it has been sent to the members.
struct inbound {
  publication_ptr publication;
};

/// bridge -> room: the session is a member from here on.
struct attach_member {
  session_ptr session;
};

/// bridge -> room, user. A user is told of sessions that are over only.
struct detach_member {
  session_id session;
};

/// bridge -> room, user, in order with events: send the connection your events after `after`, up to
/// `position` (which is where this message stands among them).
struct replay_wanted {
  handle<connection_inbox> connection;
  std::uint64_t request;
  sequence after;
  cursor position;
  bool gap_is_loss;
};

/// bridge -> room, user: the store began anew; what you remember is of its former life.
struct forget_history {
  sequence from;
};

/// fanout -> bridge -> room, user: answer to recount.
struct members_report {
  channel_id channel;
  std::vector<session_ptr> members;
  std::vector<handle<connection_inbox>> connections;  ///< same order
};

/// node -> bridge -> room: who is in it, on this node.
struct presence_query {
  starling::channel channel;
  std::function<void(std::vector<net::presence_user>)> done;
};

/// bridge -> user: may this session be?
struct admit {
  std::uint64_t number;  ///< for the answer
  session_ptr session;
  handle<connection_inbox> connection;
};

/// engine -> bridge -> user.
struct engine_control {
  starling::channel channel;
  std::string payload;
};

/// node -> bridge -> user: a node is gone, and its sessions with it.
struct node_gone {
  node_id node;
};

/// user -> user: other nodes have had time to object.
struct settled {};

/// Of both kinds.
class channel_inbox
    : public inbox<inbound, detach_member, replay_wanted, forget_history, members_report> {
 public:
  using inbox::inbox;
};

/// Taken by room/room.cpp.
class room_inbox : public detail::inbox_chain<channel_inbox, attach_member, presence_query> {
 public:
  using channel_inbox::on;
  using inbox_chain::inbox_chain;
  using inbox_chain::on;
};

/// Taken by room/user.cpp.
class user_inbox : public detail::inbox_chain<channel_inbox, admit, engine_control, node_gone,
                                              roster_changed, settled> {
 public:
  using channel_inbox::on;
  using inbox_chain::inbox_chain;
  using inbox_chain::on;
};

}  // namespace starling::actors
