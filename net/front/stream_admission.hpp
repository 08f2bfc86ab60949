/// What all requests for a stream have in common. Pure.
#pragma once

#include <string>

#include "net/http/http_request.hpp"
#include "net/service.hpp"

namespace starling::net {

// What a refused client gets as an id when there is no position to give it; no store has epoch 0.
/// It came without a position: its next connect begins afresh.
inline constexpr cursor fresh_cursor{0, 1};
/// It came with something that is no cursor: its next connect must still hear of the loss.
inline constexpr cursor lost_cursor{0, 0};

/// A query parameter that says where a stream goes on: `last_event_id`, and the spellings of other
/// systems' clients: `lastEventId`, `lastEventID`, `Last-Event-ID`.
bool names_position(std::string_view name) noexcept;
/// Where the client wants to go on, as it says: the header Last-Event-ID, else the query parameter;
/// empty: nowhere. Points into `request`.
std::string_view asked_position(const http_request& request);

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
