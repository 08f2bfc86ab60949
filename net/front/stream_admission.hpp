/// What a client asks for when it asks for a stream. Pure.
#pragma once

#include <string>

#include "net/http/http_request.hpp"
#include "net/service.hpp"

namespace starling::net {

/// Rooms, device, format, position and heartbeat from query and headers; `who` and `remote` as
/// given. Errors: errc::malformed names the parameter, and what would be right; errc::too_large for
/// more than `max_rooms` rooms.
///
/// `fresh_cursor` is no position; other cursors of epoch 0 are none of any store's and handed on as
/// something that is no cursor. The closing mark is taken off a cursor.
result<stream_request> parse_stream_request(const http_request& request, transport_kind kind,
                                            identity_ptr who, std::string remote,
                                            std::size_t max_rooms);

// What a refused client gets as an id when there is no position to give it; no store has epoch 0.
/// It came without a position: its next connect begins afresh.
inline constexpr cursor fresh_cursor{0, 1};
/// It came with something that is no cursor: its next connect must still hear of the loss.
inline constexpr cursor lost_cursor{0, 0};

/// A parameter that an event path does not know but that is all but the name of one it does (`room`
/// for `rooms`): it would be ignored, and the stream be deaf. Names that resemble none pass, since
/// proxies and caches add their own. Errors: errc::malformed names both.
result<void> check_stream_parameters(const query_params& query);
/// What rows of event paths say instead of a list: others may stand there, near misses not.
inline constexpr std::string_view near_stream_parameters = "~";

/// The Last-Event-ID *header* carries the closing mark: the client was told to stay away, and its
/// EventSource comes back by itself. 204 stops it.
bool told_to_stay_away(const http_request& request) noexcept;

/// The RFC 6455 handshake. Errors: errc::malformed says what is missing; `wrong_version` is set
/// when that is Sec-WebSocket-Version (426).
result<void> check_ws_handshake(const http_request& request, bool& wrong_version);
/// Sec-WebSocket-Accept for the key of a checked handshake.
std::string ws_accept_key(std::string_view key);

/// The one subprotocol; optional.
inline constexpr std::string_view ws_subprotocol = "starling.v1.json";

}  // namespace starling::net
