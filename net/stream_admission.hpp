/// What a client asks for when it asks for a stream. Pure.
#pragma once

#include <string>

#include "net/http_request.hpp"
#include "net/service.hpp"

namespace starling::net {

/// Rooms, device, format, position and heartbeat from query and headers; `who` and `remote` as
/// given. Errors: errc::malformed names the parameter, and what would be right.
///
/// A cursor of epoch 0 is what a refused newcomer without position got as an id: no position. The
/// closing mark is taken off a cursor.
result<stream_request> parse_stream_request(const http_request& request, transport_kind kind,
                                            identity_ptr who, std::string remote);

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
