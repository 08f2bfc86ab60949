#include "net/wire/protocol.hpp"

namespace starling::net {

std::string_view to_string(transport_kind kind) noexcept {
  switch (kind) {
    case transport_kind::sse: return "sse";
    case transport_kind::ws: return "ws";
    case transport_kind::poll: return "poll";
  }
  return "sse";
}

goodbye make_goodbye(close_code code, std::chrono::milliseconds retry, cursor position) {
  const auto& row = info(code);
  return {code, std::string(row.reason), row.reconnect, retry, position};
}

}  // namespace starling::net
