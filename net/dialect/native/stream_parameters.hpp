/// What a client asks for when it asks for a stream. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http/http_request.hpp"
#include "net/service.hpp"
#include "net/wire/stream_formats.hpp"

namespace starling::net::native {

/// Rooms, device, format, position and heartbeat from query and headers; `identity` and `remote` as
/// given. Errors: errc::malformed names the parameter, and what would be right; errc::too_large for
/// more than `max_rooms` rooms. formats: those that may be asked for.
///
/// `fresh_cursor` is no position; other cursors of epoch 0 are none of any store's and handed on as
/// something that is no cursor. The closing mark is taken off a cursor.
result<stream_request> parse_stream_request(const http_request& request, transport_kind kind,
                                            identity_ptr identity, std::string remote,
                                            std::size_t max_rooms, const stream_formats& formats);

/// What a client that stands at `text` asks a session to go on from; empty: nothing.
std::optional<std::string> position_from(std::string_view text);

/// A parameter that an event path does not know but that is all but the name of one it does (`room`
/// for `rooms`): it would be ignored, and the stream be deaf. Names that resemble none pass, since
/// proxies and caches add their own. Errors: errc::malformed names both.
result<void> check_stream_parameters(const http_request& request);
/// The same for a path that takes `more` besides.
result<void> check_parameters(const http_request& request, const std::vector<std::string>& more);

}  // namespace starling::net::native
