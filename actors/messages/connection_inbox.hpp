/// What a connection takes besides events, which the fanout of its shard hands it by a call.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "actors/messages/session.hpp"
#include "actors/runtime/inbox.hpp"

namespace starling::actors {

/// store (any thread) -> connection: where the user's last session ended.
struct last_position {
  result<std::optional<cursor>> at;
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

/// bridge -> connection: the stored part of the replay has arrived.
struct replay_ready {
  ticket_ptr ticket;
};

/// user, node, fanout -> connection: say goodbye and close.
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
class connection_inbox
    : public inbox<last_position, refused, denied, replay_ready, close_session, publish_done> {
 public:
  using inbox::inbox;
};

}  // namespace starling::actors
