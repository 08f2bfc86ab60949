/// Starling's own protocol: net/PROTOCOL.md.
#pragma once

#include <memory>
#include <optional>
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

/// The header Idempotency-Key; empty when absent. Error: malformed.
result<std::string> idempotency_key_of(const http_request& request);

/// What a publish of one item has come to.
http_response verdict_response(const publish_verdict& verdict);

/// GET and HEAD of an event stream in the shape of `kind`, and the WebSocket handshake. named: what
/// `format=named` means here, and no format at all; else as the listener's settings say.
void handle_stream(std::shared_ptr<http_session> session, transport_kind kind,
                   std::optional<wire_format> named = std::nullopt);

}  // namespace starling::net::native
