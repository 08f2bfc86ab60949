/// The two tables of everything that ends badly: request errors and session closings.
#pragma once

#include <cstdint>
#include <string_view>

namespace starling {

/// Why a request failed. Each has a text code for JSON bodies and an HTTP status.
enum class errc : std::uint8_t {
  malformed,           ///< 400 the request cannot be understood
  unauthorized,        ///< 401 no token, or one that is not valid
  forbidden,           ///< 403 a valid token without the right
  not_found,           ///< 404
  method_not_allowed,  ///< 405
  timeout,             ///< 408 the request did not arrive in time
  conflict,            ///< 409
  too_large,           ///< 413 body, batch or event over its limit
  header_too_large,    ///< 431
  rate_limited,        ///< 429
  internal,            ///< 500 our fault
  unavailable,         ///< 503 the engine is away, or this node is draining
};

inline constexpr std::size_t errc_count = 12;

struct errc_info {
  std::string_view code;  ///< text in `{error:{code}}`
  std::uint16_t http_status;
};
const errc_info& info(errc e) noexcept;

/// Why a session ends: the `code` of its goodbye.
enum class close_code : std::uint8_t {
  replaced,       ///< the same device came back
  session_limit,  ///< more sessions than sessions.max_per_user
  kicked,         ///< an administrator or the owner closed it
  token_expired,
  token_revoked,
  draining,       ///< this node is leaving; any other node serves
  slow_consumer,  ///< the outbox overflowed; resumable
  overload,       ///< limits.* reached, or the engine is not ready
  shutdown,       ///< the process ends without a drain window
  // The peer's own doings; no goodbye is sent for these, they only count in metrics.
  client_closed,   ///< the client went away
  protocol_error,  ///< the client broke the protocol
};
inline constexpr std::size_t close_code_count = 11;

struct close_info {
  std::string_view code;         ///< text in goodbye and metrics
  std::string_view reason;       ///< default sentence for people
  bool reconnect;                ///< default of goodbye.reconnect
  std::uint16_t websocket_code;  ///< RFC 6455 close code
};
const close_info& info(close_code c) noexcept;

}  // namespace starling
