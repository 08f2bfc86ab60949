/// What the bridge of a partition takes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "actors/base/range_read.hpp"
#include "actors/messages/channel_inbox.hpp"
#include "cluster/event_log.hpp"
#include "net/wire/admin.hpp"

namespace starling::actors {

/// engine (any thread) -> bridge.
struct engine_stored {
  stored_event stored;
};

/// engine -> bridge.
struct engine_ephemeral {
  starling::event event;
};

/// connection -> roster (adds the roster's rooms) -> bridge. Later joins go to the bridge at once.
struct join {
  handle<connection_inbox> connection;
  unsigned shard = 0;
  session_ptr session;
  bool opening = true;        ///< the session's first: own channels, roster, session policy
  std::uint64_t request = 0;  ///< the connection's own number for this join
  std::vector<wanted_channel> channels;  ///< of an opening one the first is the user's own
  std::optional<cursor> resume;
  std::vector<net::lost_room> lost;
};

/// bridge -> bridge: more of who comes and goes waits.
struct chores_due {};

/// user -> bridge: the session may be.
struct admitted {
  std::uint64_t number;
};

/// user -> bridge: it may not, and has been told; let go of the channels it has reserved.
struct turned_away {
  std::uint64_t number;
};

/// fanout -> bridge: a session left these channels; `ended`: it is over altogether.
struct left {
  session_ptr session;
  unsigned shard;
  std::vector<channel_id> channels;
  bool ended;
};

/// store -> bridge: answer to a read for a repair.
struct repair_read {
  range_read range;
  result<cluster::log_page> page;
};

/// store -> bridge: the newest event that a live channel has there.
struct last_stored {
  channel_id channel;
  result<sequence> last;
};

/// store -> bridge: answer to a state request.
struct store_state {
  result<cluster::log_state> state;
};

/// engine -> bridge.
struct engine_changed {
  bool up;
  std::string detail;
};

/// engine -> bridge: leadership of the store moved; look for what was not republished.
struct engine_leader_changed {};

/// bridge -> bridge: events that waited for earlier ones have waited long enough.
struct reorder_due {};

/// store -> bridge: a fence could not be stored.
struct fence_failed {
  std::uint64_t number;
  error why;
};

/// room, user -> bridge: the actor of this channel died of a fault.
struct channel_died {
  channel_id channel;
  caf::actor_id actor;  ///< tells the one that died from its successor
};

/// node -> bridge, every second.
struct tick {};

/// node -> bridge: live channels of a kind with their member counts on this node. Empty fields
/// match everything.
struct channels_query {
  channel_kind kind;
  tenant_id tenant;
  std::string name;
  std::function<void(std::vector<net::room_info>)> done;
};

/// Taken by bridge/bridge.cpp.
class bridge_inbox
    : public inbox<engine_stored, engine_ephemeral, engine_control, join, chores_due, admitted,
                   turned_away, left, members_report, roster_changed, repair_read, last_stored,
                   store_state, engine_changed, engine_leader_changed, reorder_due, fence_failed,
                   channel_died, node_gone, tick, channels_query, presence_query> {
 public:
  using inbox::inbox;
};

}  // namespace starling::actors
