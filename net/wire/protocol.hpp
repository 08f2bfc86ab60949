/// What clients and this node say to each other, as plain structs. JSON is made in `codec`.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/base/cursor.hpp"
#include "net/base/error.hpp"
#include "net/base/event.hpp"
#include "net/base/ids.hpp"
#include "net/base/result.hpp"

namespace starling::net {

/// How an event is written to one client. An event is encoded at most once per format.
enum class wire_format : std::uint8_t {
  sse_named,     ///< event: name, data: payload
  sse_envelope,  ///< event: name, data: envelope
  sse_message,   ///< no event:, data: envelope
  sse_both,      ///< sse_named followed by sse_message, same id
  ws_json,       ///< WebSocket text frame
  foreign,       ///< the first of those that dialects add: see add_format
};
inline constexpr std::size_t wire_format_count = 12;

enum class transport_kind : std::uint8_t {
  sse,
  ws,
  poll
};
std::string_view to_string(transport_kind kind) noexcept;

/// A room (or "*": everything) whose history does not reach back to the client's cursor.
struct lost_room {
  std::string room;
  std::string reason;  ///< expired | epoch | bad_cursor | forbidden
};

/// First event of every stream.
struct connected {
  session_id client_id;
  std::string user;
  std::string tenant;
  std::string node;
  std::vector<std::string> rooms;
  cursor position;
  bool resumed = false;
  std::size_t replayed = 0;
  std::vector<lost_room> lost;
  std::chrono::milliseconds heartbeat{0};
  std::int64_t server_time_ms = 0;
};

/// Ack of a WebSocket client's subscribe.
struct subscribed {
  cursor position;
  bool resumed = false;
  std::size_t replayed = 0;
  std::vector<lost_room> lost;
};

/// Ack of a WebSocket client's new token.
struct renewed {
  std::string user;
};

/// Notice: the token's time is almost over.
struct token_expiring {
  std::chrono::milliseconds left{0};
};

/// Notice: events of a room (as in lost_room) are lost.
struct gap {
  std::string reason;
  std::string room;
};

/// Notice: the client read too slowly, and so many events were dropped.
struct dropped {
  std::uint64_t events = 0;
};

/// Last event of a stream that this node ends.
struct goodbye {
  close_code code = close_code::shutdown;
  std::string reason;
  bool reconnect = true;
  std::chrono::milliseconds retry{0};
  cursor position;  ///< becomes the id; with the closing mark when !reconnect
  /// What those are answered who read no events.
  errc status = errc::unavailable;
};
/// The table's reason and reconnect for `code`.
goodbye make_goodbye(close_code code, std::chrono::milliseconds retry, cursor position);

/// One item of a publish request. Exactly one target kind is set.
struct publish_item {
  enum class target_kind : std::uint8_t {
    rooms,
    users,
    client,
    all
  };
  target_kind target = target_kind::rooms;
  std::vector<std::string> names;  ///< rooms or users, in the order given, no repeats; empty else
  session_id client;
  std::string event;
  std::string data;  ///< compact JSON, or the text itself when `data_is_text`
  bool data_is_text = false;
  std::string id;  ///< empty: the node makes one
  bool ephemeral = false;
  std::vector<session_id> exclude;
};

/// A whole publish request. Items that do not parse keep their place as errors.
struct publish_batch {
  std::vector<result<publish_item>> items;
  bool single = true;            ///< the body was one object: answer with one verdict
  std::string idempotency_key;   ///< header; empty when absent
  std::string traceparent = {};  ///< of the request; empty: of none
};

struct published {
  std::string id;
  cursor position;
};
using publish_verdict = result<published>;

/// What a WebSocket client asks for.
struct ws_command {
  enum class type : std::uint8_t {
    subscribe,
    unsubscribe,
    publish,
    presence,
    auth,
    ping
  };
  type action = type::ping;
  std::string ref_json;  ///< the client's `ref` as JSON text, echoed in ack or error; may be empty
  std::vector<std::string> rooms;
  std::optional<std::string> last_event_id;
  result<publish_item> item = error{errc::malformed, ""};  ///< publish only
  std::string state;                                       ///< presence only
  std::string token;                                       ///< auth only
};

}  // namespace starling::net
