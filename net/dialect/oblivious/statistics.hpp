/// What administrators ask about streams.
#pragma once

#include <memory>

#include "net/front/http_session.hpp"

namespace starling::net::oblivious {

/// `GET /api/sse/stats`: `{"statistics":{active_connections,total_connections,total_messages,
/// total_bytes}}`, of all nodes.
void handle_stats(std::shared_ptr<http_session> session);
/// `GET /debug/sse-stats`: more of them, what clients are told to wait, and the first thousand
/// clients with their activity.
void handle_debug_stats(std::shared_ptr<http_session> session);

}  // namespace starling::net::oblivious
