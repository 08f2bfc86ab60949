/// What the fanout of a shard takes.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "actors/messages/session.hpp"
#include "actors/runtime/inbox.hpp"

namespace starling::actors {

/// room, user -> fanout: one message per shard and event.
struct fan_out {
  feed_id feed;
  publication_ptr what;
};

/// connection -> fanout: a connection's first message.
struct session_started {
  session_ptr session;
  handle<connection_inbox> connection;
};

/// bridge -> fanout -> (call) connection: deliver from here on.
struct joined {
  ticket_ptr ticket;
};

/// connection -> fanout: leaves these feeds (unsubscribe).
struct leave {
  session_id id;
  std::vector<feed_id> feeds;
};

/// connection -> fanout: the last message of a connection.
struct session_ended {
  session_id id;
};

/// connection -> fanout: ask me soon how far my client has got.
struct position_changed {
  session_id id;
};

/// roster -> fanout: memberships of a live user changed.
struct roster_changed {
  tenant_id tenant;
  user_id user;
  std::string room;
  bool member;
  sequence since;
};

/// node, bridge -> fanout: say goodbye to all sessions, in random order over the window.
struct drain {
  std::chrono::milliseconds window;
  std::string reason = {};  ///< else the table's
};

/// node -> fanout: an event for one session of this shard. `done`: was it there, in the event's
/// tenant?
struct deliver_to {
  session_id id;
  publication_ptr what;
  std::function<void(bool)> done;
};

/// node -> fanout: close one session. `done`: was it there, and did `owner` (if set) own it?
struct close_one {
  session_id id;
  std::optional<user_id> owner;
  std::optional<tenant_id> tenant;
  close_code code;
  std::function<void(result<void>)> done;
};

/// node -> fanout -> connection: a new token for a live session.
struct renew_token {
  session_id id;
  net::identity_ptr fresh;
  std::function<void(result<void>)> done;
};

/// bridge -> fanout: tell `feed` who its members on your shard are (it was rebuilt).
struct recount {
  feed_id feed;
  handle<channel_inbox> to;
};

/// node -> fanout. Empty fields match everything.
struct sessions_query {
  tenant_id tenant;
  std::string user;
  std::optional<session_id> id;
  std::function<void(std::vector<net::session_info>)> done;
};

/// Taken by session/fanout.cpp.
class fanout_inbox : public inbox<fan_out, session_started, joined, leave, session_ended,
                                  position_changed, roster_changed, drain, deliver_to, close_one,
                                  renew_token, recount, sessions_query> {
 public:
  using inbox::inbox;
};

}  // namespace starling::actors
