#include "net/base/error.hpp"

#include <array>

namespace starling {

const errc_info& info(errc e) noexcept {
  static constexpr std::array<errc_info, errc_count> table{{
      {"malformed", 400},
      {"unauthorized", 401},
      {"forbidden", 403},
      {"not_found", 404},
      {"method_not_allowed", 405},
      {"timeout", 408},
      {"conflict", 409},
      {"too_large", 413},
      {"header_too_large", 431},
      {"rate_limited", 429},
      {"internal", 500},
      {"unavailable", 503},
  }};
  return table[static_cast<std::size_t>(e)];
}

const close_info& info(close_code c) noexcept {
  static constexpr std::array<close_info, close_code_count> table{{
      {"replaced", "the same device connected again", false, 4001},
      {"session_limit", "too many sessions of this user", false, 4002},
      {"kicked", "closed by an administrator", false, 4003},
      {"token_expired",
       "the token has expired; come back with a new one and the id of this event as last_event_id "
       "(a native EventSource keeps its URL: close it and open another)",
       true, 4004},
      {"token_revoked", "the token was revoked", false, 4005},
      {"draining", "this node is leaving; reconnect to any node", true, 1012},
      {"slow_consumer", "the client reads too slowly; reconnect to resume", true, 4008},
      {"overload", "this node cannot take the session now", true, 1013},
      {"shutdown", "this node stops", true, 1001},
      {"client_closed", "the client went away", true, 1000},
      {"protocol_error", "the client broke the protocol", true, 1002},
  }};
  return table[static_cast<std::size_t>(c)];
}

}  // namespace starling
