/// Starling's own protocol: net/PROTOCOL.md.
#pragma once

#include <memory>
#include <vector>

#include "net/front/http_session.hpp"
#include "net/http/route.hpp"
#include "net/wire/protocol.hpp"

namespace starling::net::native {

/// Streams, WebSocket, publishing, and commands about one's own session.
std::vector<route> routes();

// Parts of it, each beside its handlers.
std::vector<route> stream_routes();
std::vector<route> publish_routes();
std::vector<route> session_routes();

/// GET and HEAD of an event stream in the shape of `kind`, and the WebSocket handshake. named: what
/// `format=named`, the default, means here.
void handle_stream(std::shared_ptr<http_session> session, transport_kind kind,
                   wire_format named = wire_format::sse_named);

}  // namespace starling::net::native
