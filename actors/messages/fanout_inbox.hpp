/// What the fanout of a shard takes.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "actors/messages/channel_inbox.hpp"
#include "actors/messages/session_order.hpp"
#include "actors/runtime/inbox.hpp"
#include "cluster/partition.hpp"

namespace starling::actors {

class bridge_inbox;

/// bridge -> fanout: one message per shard with members and event.
struct fan_out {
  channel_id channel;
  publication_ptr publication;
};

/// connection -> fanout: a connection's first message.
struct session_started {
  session_ptr session;
  handle<connection_inbox> connection;
};

/// bridge -> fanout -> (call) connection: deliver what comes after `position` from here on. What
/// was before comes in `parts` parts (see replay_part), which may be there already.
struct joined {
  session_ptr session;
  bool opening;
  std::uint64_t request;
  std::vector<entered_channel> channels;
  cursor position;
  std::optional<cursor> resume;
  bool resumed = false;
  std::vector<net::lost_room> lost;
  std::vector<publication_ptr> late;  ///< of the replay: found after the resume's cursor was given
  /// A channel whose part is still to come.
  struct part {
    channel_id channel;
    sequence after;
  };
  std::vector<part> parts;
  bool gap_is_loss = false;  ///< see replay_part
};

/// connection -> fanout: leaves these channels (unsubscribe). `ended`: all of them, its goodbye has
/// been said; from now on it counts nowhere, however long its transport takes to close.
struct leave {
  session_id id;
  std::vector<channel_id> channels;
  bool ended = false;
};

/// connection -> fanout: the last message of a connection.
struct session_ended {
  session_id id;
  std::uint64_t delivered = 0;  ///< events
  std::uint64_t bytes_out = 0;
};

/// connection -> fanout: ask me soon how far my client has got.
struct position_changed {
  session_id id;
};

/// node, bridge -> fanout: say goodbye to all sessions (or those of one partition), in random order
/// over the window.
struct drain {
  std::chrono::milliseconds window;
  close_code code = close_code::draining;
  std::string reason = {};  ///< else the table's
  std::optional<cluster::partition_id> partition = {};
};

/// node -> fanout: an event for one session of this shard. `done`: was it there, in the event's
/// tenant?
struct deliver_to {
  session_id id;
  publication_ptr publication;
  std::function<void(bool)> done;
};

/// node -> fanout: close one session, with `client_closed` only a long-poll's. `done`: was it
/// there, and did `owner` (if set) own it?
struct close_one {
  session_id id;
  std::optional<user_id> owner;
  std::optional<tenant_id> tenant;
  close_code code;
  std::function<void(result<void>)> done;
};

/// node -> fanout -> connection: what others change about a session. Empty members change nothing.
struct change_one {
  session_id id;
  tenant_id tenant;
  std::optional<user_id> owner;  ///< who alone may
  std::optional<presence_state> presence;
  std::optional<std::chrono::milliseconds> retry;
  std::function<void(result<void>)> done;
};

/// node -> fanout -> connection: a new token for a live session.
struct renew_token {
  session_id id;
  net::identity_ptr fresh;
  std::function<void(result<void>)> done;
};

/// bridge -> fanout: the channel's actor was rebuilt; tell it who its members on your shard are.
struct recount {
  channel_id channel;
  handle<bridge_inbox> to;
};

/// A page of the shard's sessions, in the order asked for.
struct sessions_found {
  std::vector<net::session_info> sessions;
  std::size_t total = 0;  ///< how many match
};

/// node -> fanout. Empty fields match everything.
struct sessions_query {
  tenant_id tenant;
  std::string user;
  std::optional<session_id> id;
  std::optional<session_place> after;
  std::size_t limit;
  bool viewed;  ///< only those with a dialect's view
  std::function<void(sessions_found)> done;
  std::string search{};  ///< in user, device, address and client id
  session_order order = session_order::id;
};

/// node -> fanout: what a tenant's sessions of this shard have done since the process began.
struct tenant_stats_query {
  tenant_id tenant;
  std::function<void(net::node_stats)> done;
};

/// Taken by session/fanout.cpp.
class fanout_inbox : public inbox<fan_out, session_started, joined, leave, session_ended,
                                  position_changed, drain, deliver_to, close_one, renew_token,
                                  recount, sessions_query, tenant_stats_query, change_one> {
 public:
  using inbox::inbox;
};

}  // namespace starling::actors
