/// What is known of a session, and of the channels it is in.
#pragma once

#include <atomic>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/base/publication.hpp"
#include "net/service.hpp"

namespace starling::actors {

/// What a client is told to fetch again when events of the channel are lost: the room, or "*" for
/// channels that it does not know by name.
std::string name_of_loss(const channel& channel);

/// In the goodbye to a client whose cursor is of a former life of the store.
inline constexpr const char* anew_reason = "the history began anew: fetch again";

/// A live channel on this node; never reused, so a late message cannot hit a successor.
using channel_id = std::uint64_t;

enum class presence_state : std::uint8_t {
  online,
  away,
  busy,
  invisible
};
std::string_view to_string(presence_state state) noexcept;
std::optional<presence_state> parse_presence(std::string_view text) noexcept;
/// What is said of a text that is none.
inline constexpr std::string_view presence_rule =
    "state must be one of online, away, busy, invisible";
/// Of several sessions of a user the most available state counts: online, away, busy.
bool more_available(std::string_view state, std::string_view than) noexcept;

/// What is known of a session from its first moment, shared by all who deal with it: counted in
/// itself, since there are as many as sessions and several pointers to each.
struct session_record : boost::intrusive_ref_counter<session_record, boost::thread_safe_counter> {
  session_id id;
  /// Set by the connection, read by rooms for presence.
  mutable std::atomic<presence_state> state{presence_state::online};
  net::transport_kind kind = net::transport_kind::sse;
  bool ends_quietly = false;  ///< its client may go on with another one, see net::service
  net::identity_ptr identity;
  device_id device;
  std::int64_t opened_ns = 0;  ///< wall clock; fine enough to order sessions of one user
  std::string remote;

  std::int64_t opened_ms() const noexcept { return opened_ns / 1'000'000; }
};
using session_ptr = boost::intrusive_ptr<const session_record>;

/// What the client must fetch again is named once, however often it is lost.
void add_loss(std::vector<net::lost_room>& to, std::string room, std::string_view reason);

/// The number of a session's first join.
inline constexpr std::uint64_t opening_request = 0;

/// A channel a session wants to be in.
struct wanted_channel {
  channel_ptr channel;
  sequence since = 0;        ///< nothing before this is shown (membership began here)
  bool from_roster = false;  ///< a member by the roster, whatever the token says
  bool again = false;        ///< in it already (or soon): asked for its past alone
  bool from_start = false;   ///< everything history holds, when there is no cursor
};

/// A channel a session is in, or (`again`) has asked for the past of.
struct entered_channel {
  channel_id id;
  channel_ptr channel;
  sequence since;
  bool from_roster;
  bool again;
};

}  // namespace starling::actors
