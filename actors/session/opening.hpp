/// A session until its stream begins.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/messages/bridge_inbox.hpp"
#include "actors/session/replay.hpp"

namespace starling::actors {

/// What is needed until then, and not a word longer. Plain state.
struct opening {
  std::unique_ptr<net::stream_request> request;
  std::unique_ptr<net::stream_responder> responder;
  std::vector<roster_changed> roster_changes{};  ///< to be followed then
  bool former_rooms_awaited = false;
  /// Of the user's latest session, as far as the store has told.
  std::optional<std::vector<std::string>> former_rooms{};
  /// The join's answer and its replay, while `former_rooms` are awaited.
  std::optional<replays::complete> answered{};

  /// Where a request wants to go on.
  struct resume_wish {
    bool at_last_position = false;  ///< where the user's last session ended
    bool former_rooms = false;      ///< the rooms that it was in are to be asked for
    std::optional<cursor> from{};
    std::vector<net::lost_room> lost{};
  };
  resume_wish wish() const;
  /// The channels of the first join: the user's own (from its start with `own_history`), the
  /// tenant's, and the rooms that token and request name.
  std::vector<wanted_channel> channels(const net::identity& identity, bool own_history) const;
};

}  // namespace starling::actors
