#include "net/front/stream_admission.hpp"

#include <openssl/sha.h>

#include <array>

#include "net/base/base64.hpp"

namespace starling::net {

bool names_position(std::string_view name) noexcept {
  static constexpr std::string_view plain = "lasteventid";
  std::size_t seen = 0;
  for (const char c : name) {
    if (c == '_' || c == '-') continue;
    if (seen == plain.size() || !iequals({&c, 1}, plain.substr(seen, 1))) return false;
    ++seen;
  }
  return seen == plain.size();
}

std::string_view asked_position(const http_request& request) {
  const auto sent = trimmed(request.get(header::last_event_id).value_or(""));
  if (!sent.empty()) return sent;
  for (const auto& [name, value] : request.query().all())
    if (!value.empty() && names_position(name)) return value;
  return {};
}

bool told_to_stay_away(const http_request& request) noexcept {
  const auto sent = request.get(header::last_event_id);
  if (!sent) return false;
  const auto parsed = parse_cursor(trimmed(*sent));
  return parsed && parsed->closed;
}

result<void> check_ws_handshake(const http_request& request, bool& wrong_version) {
  wrong_version = false;
  if (request.method != http_method::get || !request.http11)
    return malformed("a WebSocket starts with GET and HTTP/1.1");
  if (!list_contains(request.get(header::upgrade).value_or(""), "websocket"))
    return malformed("a WebSocket starts with the header Upgrade: websocket");
  if (!list_contains(request.get(header::connection).value_or(""), "upgrade"))
    return malformed("a WebSocket starts with the header Connection: Upgrade");
  if (trimmed(request.get(header::ws_version).value_or("")) != "13") {
    wrong_version = true;
    return malformed("Sec-WebSocket-Version must be 13");
  }
  const auto key = base64_decode(trimmed(request.get(header::ws_key).value_or("")));
  if (!key || key->size() != 16) return malformed("Sec-WebSocket-Key must be 16 bytes in base64");
  return {};
}

std::string ws_accept_key(std::string_view key) {
  const auto joined = std::string(trimmed(key)) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(joined.data()), joined.size(), digest.data());
  return base64_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace starling::net
