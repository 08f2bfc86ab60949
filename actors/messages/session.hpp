/// What is known of a session, and how it asks to be in channels.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/base/publication.hpp"
#include "actors/runtime/handle.hpp"
#include "net/service.hpp"

namespace starling::actors {

class connection_inbox;

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
  handle<connection_inbox> connection;
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

}  // namespace starling::actors
