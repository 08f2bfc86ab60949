/// Every message between actors of this node: who sends it to whom, and what it asks or tells.
///
/// Nothing here leaves the process; other nodes are spoken to in cluster/envelope and user_control.
#pragma once

#include <atomic>
#include <caf/actor.hpp>
#include <caf/actor_addr.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/base/publication.hpp"
#include "cluster/event_log.hpp"
#include "cluster/roster_store.hpp"
#include "net/base/metrics.hpp"
#include "net/service.hpp"
#include "net/wire/admin.hpp"

namespace starling::actors {

/// What a client is told to fetch again when events of the channel are lost: the room, or "*" for
/// channels that it does not know by name.
std::string name_of_loss(const channel& where);

/// A live channel on this node; never reused, so a late message cannot hit a successor.
using feed_id = std::uint64_t;

enum class presence_state : std::uint8_t {
  online,
  away,
  busy,
  invisible
};
std::string_view to_string(presence_state state) noexcept;
std::optional<presence_state> parse_presence(std::string_view text) noexcept;
/// Of several sessions of a user the most available state counts: online, away, busy.
bool more_available(std::string_view state, std::string_view than) noexcept;

/// What is known of a session from its first moment, shared by all who deal with it.
struct session_record {
  session_id id;
  /// Set by the connection, read by rooms for presence.
  mutable std::atomic<presence_state> state{presence_state::online};
  net::transport_kind kind = net::transport_kind::sse;
  net::identity_ptr who;
  device_id device;
  std::int64_t opened_ns = 0;  ///< wall clock; fine enough to order sessions of one user
  std::string remote;

  std::int64_t opened_ms() const noexcept { return opened_ns / 1'000'000; }
};
using session_ptr = std::shared_ptr<const session_record>;

/// A channel a session wants to be in, and what it became.
struct wanted_channel {
  channel_ptr where;
  sequence since = 0;        ///< nothing before this is shown (membership began here)
  bool from_roster = false;  ///< a member by the roster, whatever the token says
  bool again = false;        ///< in it already (or soon): asked for its past alone
  feed_id feed = 0;          ///< filled by the bridge
};

/// One join on its way connection -> roster -> bridge -> user -> bridge -> rooms -> fanout ->
/// connection. Touched by one actor at a time: whoever got it last.
struct join_ticket {
  caf::actor connection;
  unsigned shard = 0;
  session_ptr session;
  bool opening = true;  ///< the session's first join: own channels, roster, session policy
  std::vector<wanted_channel> channels;
  std::optional<cursor> resume;
  std::uint64_t request = 0;  ///< the connection's own number for this join
  std::uint64_t fence = 0;    ///< the bridge's: has to wait for this fence

  cursor position;  ///< everything up to here is in `replay`, everything later comes live
  bool resumed = false;
  std::vector<net::lost_room> lost;
  /// What the client must fetch again is named once, however often it is lost. Ends `resumed`.
  void lose(std::string room, std::string_view reason);
  std::vector<publication_ptr> replay;

  /// What rings could not give: to be read from the store.
  struct missing_part {
    channel_ptr where;
    sequence after = 0;
    sequence through = 0;
    std::vector<publication_ptr> found;
  };
  std::vector<missing_part> missing;  ///< its parts belong to the bridge until replay_ready
  std::size_t reads_under_way = 0;    ///< the bridge's own
};
using ticket_ptr = std::shared_ptr<join_ticket>;

// -- joining and leaving ------------------------------------------------------------------------

/// connection -> fanout: a connection's first message.
struct session_started {
  session_ptr session;
  caf::actor connection;
};
/// store (any thread) -> connection: where the user's last session ended.
struct last_position {
  result<std::optional<cursor>> at;
};
/// connection -> roster (adds the roster's rooms) -> bridge. Later joins go to the bridge at once.
struct join {
  ticket_ptr ticket;
};
/// bridge -> user: may this session be?
struct admit {
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
/// roster, user, bridge -> connection: no.
struct refused {
  std::uint64_t request;
  net::goodbye why;
};
/// bridge -> room, user: the session is a member from here on; add what the ring has for it.
struct attach_member {
  ticket_ptr ticket;
  std::size_t which;  ///< index in ticket->channels
};
/// bridge -> bridge, behind the attaches it sent.
struct attached {
  ticket_ptr ticket;
};
/// roster -> connection: an asked-for room is not allowed.
struct denied {
  error why;
};
/// bridge -> fanout -> (call) connection: deliver from here on.
struct joined {
  ticket_ptr ticket;
};
/// bridge -> connection: the stored part of the replay has arrived.
struct replay_ready {
  ticket_ptr ticket;
};
/// connection -> fanout: leaves these feeds (unsubscribe).
struct leave {
  session_id id;
  std::vector<feed_id> feeds;
};
/// connection -> fanout: ask me soon how far my client has got.
struct position_changed {
  session_id id;
};
/// connection -> fanout: the last message of a connection.
struct session_ended {
  session_id id;
};
/// fanout -> bridge: a session left these feeds; `ended`: it is over altogether.
struct left {
  session_ptr session;
  unsigned shard;
  std::vector<feed_id> feeds;
  bool ended;
};
/// bridge -> room, user.
struct detach_member {
  session_ptr session;
  unsigned shard;
  bool ended;
};
/// room, user -> bridge: this feed died of a fault.
struct feed_died {
  feed_id feed;
  caf::actor_addr who;  ///< tells the one that died from its successor
};
/// bridge -> room, user: the store began anew; what you remember is of its former life.
struct forget_history {
  sequence from;
};
/// bridge -> fanout: tell `feed` who its members on your shard are (it was rebuilt).
struct recount {
  feed_id feed;
  caf::actor to;
};
/// fanout -> room, user: answer to recount.
struct members_report {
  unsigned shard;
  std::vector<session_ptr> members;
  std::vector<caf::actor> connections;  ///< same order
};

// -- events -------------------------------------------------------------------------------------

/// engine (any thread) -> bridge.
struct engine_stored {
  stored_event what;
};
/// engine -> bridge.
struct engine_ephemeral {
  event what;
};
/// engine -> bridge -> user.
struct engine_control {
  channel where;
  std::string payload;
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
/// store -> bridge: answer to a state request.
struct store_state {
  result<cluster::log_state> state;
};
/// store -> bridge: a fence could not be stored.
struct fence_failed {
  std::uint64_t number;
  error why;
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
/// store -> bridge: answer to a read for a replay.
struct replay_read {
  ticket_ptr ticket;
  std::size_t which;  ///< index in ticket->missing
  result<cluster::log_page> page;
};
/// bridge -> room, user.
struct inbound {
  publication_ptr what;
};
/// room, user -> fanout: one message per shard and event.
struct fan_out {
  feed_id feed;
  publication_ptr what;
};
/// node -> fanout: an event for one session of this shard. `done`: was it there, in the event's
/// tenant?
struct deliver_to {
  session_id id;
  publication_ptr what;
  std::function<void(bool)> done;
};

/// connection, node -> publisher: publish for this client. `done` is called on the publisher's
/// shard with one verdict per item, in order.
struct publish_request {
  net::identity_ptr who;
  std::shared_ptr<net::publish_batch> batch;
  event_source source;
  std::function<void(std::vector<net::publish_verdict>)> done;
};
/// store (any thread) -> publisher: one event of a request was stored, or not.
struct append_done {
  std::uint64_t request;
  std::size_t append;  ///< index among the request's appends
  result<cluster::append_ack> ack;
};
/// node -> publisher: the answer of the node that holds a session.
struct client_reached {
  std::uint64_t request;
  std::size_t append;
  result<void> reached;
};

/// publisher -> connection: verdict on a WebSocket publish.
struct publish_done {
  std::string ref_json;
  net::publish_verdict verdict;
};

// -- sessions -----------------------------------------------------------------------------------

/// user, node, fanout -> connection: say goodbye and close.
struct close_session {
  close_code code;
  std::optional<bool> reconnect;  ///< else the table's
  std::optional<std::chrono::milliseconds> retry;
  std::string reason = {};  ///< else the table's
};
/// node -> fanout: close one session. `done`: was it there, and did `owner` (if set) own it?
struct close_one {
  session_id id;
  std::optional<user_id> owner;
  std::optional<tenant_id> tenant;
  close_code code;
  std::function<void(result<void>)> done;
};
/// node, bridge -> fanout: say goodbye to all sessions, in random order over the window.
struct drain {
  std::chrono::milliseconds window;
  std::string reason = {};  ///< else the table's
};
/// node -> fanout -> connection: a new token for a live session.
struct renew_token {
  session_id id;
  net::identity_ptr fresh;
  std::function<void(result<void>)> done;
};
/// roster -> fanout: memberships of a live user changed.
struct roster_changed {
  tenant_id tenant;
  user_id user;
  std::string room;
  bool member;
  sequence since;
};
/// membership -> bridge -> user: a node is gone, and its sessions with it.
struct node_gone {
  node_id node;
};
/// node -> bridge, every second.
struct tick {};

// -- roster -------------------------------------------------------------------------------------

/// engine -> roster.
struct roster_loaded {
  std::vector<cluster::roster_entry> all;
};
struct roster_entry_changed {
  cluster::roster_entry entry;
  bool added;
};
/// node -> roster: members of a room, after a user name, at most `limit`.
struct members_query {
  tenant_id tenant;
  std::string room;
  std::string after;
  std::size_t limit;
  std::function<void(std::vector<cluster::roster_entry>)> done;
};
/// node -> roster: rooms of a user.
struct rooms_of_user_query {
  tenant_id tenant;
  std::string user;
  std::function<void(std::vector<std::string>)> done;
};

/// node -> roster: call `done` when this node knows that the user is (not) a member.
struct await_membership {
  tenant_id tenant;
  std::string room;
  std::string user;
  bool member;
  std::function<void()> done;
};

// -- inspection ---------------------------------------------------------------------------------

/// node -> fanout. Empty fields match everything.
struct sessions_query {
  tenant_id tenant;
  std::string user;
  std::optional<session_id> id;
  std::function<void(std::vector<net::session_info>)> done;
};
/// node -> bridge: live channels of a kind with their member counts on this node.
struct channels_query {
  channel_kind kind;
  std::function<void(std::vector<net::room_info>)> done;
};
/// node -> bridge -> room: who is in it, on this node.
struct presence_query {
  channel where;
  std::function<void(std::vector<net::presence_user>)> done;
};

}  // namespace starling::actors

#define STARLING_MESSAGE(type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(starling::actors::type)
STARLING_MESSAGE(session_started)
STARLING_MESSAGE(last_position)
STARLING_MESSAGE(join)
STARLING_MESSAGE(admit)
STARLING_MESSAGE(admitted)
STARLING_MESSAGE(turned_away)
STARLING_MESSAGE(refused)
STARLING_MESSAGE(attach_member)
STARLING_MESSAGE(attached)
STARLING_MESSAGE(denied)
STARLING_MESSAGE(joined)
STARLING_MESSAGE(replay_ready)
STARLING_MESSAGE(leave)
STARLING_MESSAGE(position_changed)
STARLING_MESSAGE(session_ended)
STARLING_MESSAGE(left)
STARLING_MESSAGE(detach_member)
STARLING_MESSAGE(feed_died)
STARLING_MESSAGE(forget_history)
STARLING_MESSAGE(recount)
STARLING_MESSAGE(members_report)
STARLING_MESSAGE(engine_stored)
STARLING_MESSAGE(engine_ephemeral)
STARLING_MESSAGE(engine_control)
STARLING_MESSAGE(engine_changed)
STARLING_MESSAGE(engine_leader_changed)
STARLING_MESSAGE(early_due)
STARLING_MESSAGE(store_state)
STARLING_MESSAGE(fence_failed)
STARLING_MESSAGE(repair_read)
STARLING_MESSAGE(last_stored)
STARLING_MESSAGE(replay_read)
STARLING_MESSAGE(inbound)
STARLING_MESSAGE(fan_out)
STARLING_MESSAGE(deliver_to)
STARLING_MESSAGE(publish_request)
STARLING_MESSAGE(append_done)
STARLING_MESSAGE(client_reached)
STARLING_MESSAGE(publish_done)
STARLING_MESSAGE(close_session)
STARLING_MESSAGE(close_one)
STARLING_MESSAGE(drain)
STARLING_MESSAGE(renew_token)
STARLING_MESSAGE(roster_changed)
STARLING_MESSAGE(node_gone)
STARLING_MESSAGE(tick)
STARLING_MESSAGE(roster_loaded)
STARLING_MESSAGE(roster_entry_changed)
STARLING_MESSAGE(members_query)
STARLING_MESSAGE(rooms_of_user_query)
STARLING_MESSAGE(await_membership)
STARLING_MESSAGE(sessions_query)
STARLING_MESSAGE(channels_query)
STARLING_MESSAGE(presence_query)
#undef STARLING_MESSAGE
