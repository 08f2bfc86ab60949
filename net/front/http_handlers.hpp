/// From a request to the service and back.
#pragma once

#include <memory>
#include <optional>

#include "net/front/http_session.hpp"

namespace starling::net {

/// Looks at the header alone: origin, route, token, administrator. Fills `where`, `who` and `cors`
/// of `x`. Returns what to answer instead of going on.
std::optional<http_response> admit(http_exchange& x, loop_front& front);

/// Verifies `token` with the current keys and rules.
result<identity_ptr> authenticate(loop_front& front, std::string_view token);

/// Runs a request that was admitted and is complete. It is answered now or later, on this thread.
void handle(std::shared_ptr<http_session> session);

/// POST /api/publish.
void handle_publish(std::shared_ptr<http_session> session);
/// POST /api/sse/broadcast and /api/sse/send/{client_id} publish too: their name, size and rate, as
/// for handle_publish. Returns what to answer instead of going on.
std::optional<http_response> refuse_notice(const http_exchange& x, loop_front& front);
/// GET and HEAD of an event stream, and the WebSocket handshake.
void handle_stream(std::shared_ptr<http_session> session);

}  // namespace starling::net
