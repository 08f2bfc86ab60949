/// What the bridge of a partition takes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "actors/messages/channel_inbox.hpp"
#include "cluster/event_log.hpp"
#include "net/wire/admin.hpp"

namespace starling::actors {

/// engine (any thread) -> bridge.
struct engine_stored {
  stored_event what;
};

/// engine -> bridge.
struct engine_ephemeral {
  event what;
};

/// connection -> roster (adds the roster's rooms) -> bridge. Later joins go to the bridge at once.
struct join {
  ticket_ptr ticket;
};

/// user -> bridge: yes.
struct admitted {
  ticket_ptr ticket;
};

/// user -> bridge: no; let go of the channels the ticket has reserved.
struct turned_away {
  ticket_ptr ticket;
};

/// bridge -> bridge, behind the attaches it sent.
struct attached {
  ticket_ptr ticket;
};

/// fanout -> bridge: a session left these feeds; `ended`: it is over altogether.
struct left {
  session_ptr session;
  unsigned shard;
  std::vector<feed_id> feeds;
  bool ended;
};

/// store -> bridge: answer to a read for a replay.
struct replay_read {
  ticket_ptr ticket;
  std::size_t which;  ///< index in ticket->missing
  result<cluster::log_page> page;
};

/// store -> bridge: answer to a read for a repair.
struct repair_read {
  std::uint64_t repair;
  channel where;
  sequence through;
  result<cluster::log_page> page;
};

/// store -> bridge: the newest event that a live channel has there.
struct last_stored {
  feed_id feed;
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
struct early_due {};

/// store -> bridge: a fence could not be stored.
struct fence_failed {
  std::uint64_t number;
  error why;
};

/// room, user -> bridge: this feed died of a fault.
struct feed_died {
  feed_id feed;
  caf::actor_id who;  ///< tells the one that died from its successor
};

/// node -> bridge, every second.
struct tick {};

/// node -> bridge: live channels of a kind with their member counts on this node.
struct channels_query {
  channel_kind kind;
  std::function<void(std::vector<net::room_info>)> done;
};

/// Taken by bridge/bridge.cpp.
class bridge_inbox
    : public inbox<engine_stored, engine_ephemeral, engine_control, join, admitted, turned_away,
                   attached, left, replay_read, repair_read, last_stored, store_state,
                   engine_changed, engine_leader_changed, early_due, fence_failed, feed_died,
                   node_gone, tick, channels_query, presence_query> {
 public:
  using inbox::inbox;
};

}  // namespace starling::actors
