/// The query of GET /api/poll.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "net/front/http_session.hpp"
#include "net/service.hpp"
#include "net/wire/stream_formats.hpp"

namespace starling::net::poll {

struct poll_request {
  stream_request stream;  ///< for a session that begins
  std::optional<session_id> client;
  /// Where the client stands; none: where its session's last answer left it, or nowhere.
  std::optional<cursor> from;
  std::chrono::milliseconds timeout{0};
};

inline constexpr std::chrono::milliseconds default_poll_timeout{25'000};
inline constexpr std::chrono::milliseconds longest_poll_timeout{60'000};

/// Errors: malformed, saying what would be right.
result<poll_request> parse_poll_request(const http_exchange& x, std::size_t max_rooms,
                                        const stream_formats& formats);
/// Names a query parameter that is nearly one of ours.
result<void> check_poll_parameters(const http_request& request);

}  // namespace starling::net::poll
