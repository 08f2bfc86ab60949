/// What a connection takes besides events, which the fanout of its shard hands it by a call.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "actors/messages/session.hpp"
#include "actors/runtime/handle.hpp"
#include "actors/runtime/inbox.hpp"
#include "cluster/event_log.hpp"

namespace starling::actors {

/// store (any thread) -> connection: where the user's last session ended.
struct last_position {
  result<std::optional<cursor>> at;
};

/// store (any thread) -> connection: the rooms the user's latest session was in.
struct former_rooms {
  result<std::vector<std::string>> rooms;
};

/// roster, user, bridge -> connection: no.
struct refused {
  std::uint64_t request;
  net::goodbye why;
};

/// roster -> connection: an asked-for room is not allowed.
struct denied {
  error why;
};

/// room, user -> connection: what a channel has for the replay of a join, up to the position of the
/// join; what lies in (store_after, store_up_to] only the store has.
struct replay_part {
  std::uint64_t request;
  channel_id id;
  channel_ptr channel;
  std::vector<publication_ptr> events;  ///< ascending
  sequence store_after = 0;
  sequence store_up_to = 0;
  bool gap_is_loss = false;  ///< when the store has not got all of it, the client lost something
};

/// store (any thread) -> connection: answer to a read for a replay.
struct history_read {
  std::uint64_t request;
  channel_id id;
  result<cluster::log_page> page;
};

/// roster -> bridge -> connection (also by way of the user): memberships of its user changed.
struct roster_changed {
  tenant_id tenant;
  user_id user;
  std::string room;
  bool member;
  sequence since;
};

/// user, node, fanout -> connection: say goodbye and close; with `client_closed` nobody is there to
/// be told, and nothing is said.
struct close_session {
  close_code code;
  std::optional<bool> reconnect;  ///< else the table's
  std::optional<std::chrono::milliseconds> retry;
  std::string reason = {};  ///< else the table's
};

/// publisher -> connection: verdict on a WebSocket publish.
struct publish_done {
  std::string ref_json;
  net::publish_verdict verdict;
};

/// Taken by session/connection.cpp.
class connection_inbox : public inbox<last_position, former_rooms, refused, denied, replay_part,
                                      history_read, roster_changed, close_session, publish_done> {
 public:
  using inbox::inbox;
};

}  // namespace starling::actors
