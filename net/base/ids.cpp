#include "net/base/ids.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <iterator>
#include <random>

#include "net/base/ascii.hpp"
#include "net/base/hex.hpp"
#include "net/base/utf8.hpp"

namespace starling {

namespace {

bool all_of(std::string_view text, std::size_t most, std::string_view extra) noexcept {
  if (text.empty() || text.size() > most) return false;
  for (const char c : text)
    if (!ascii_alnum(c) && extra.find(c) == extra.npos) return false;
  return true;
}

std::uint64_t random64() {
  thread_local std::mt19937_64 engine = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  return engine();
}

constexpr bool dash_before(std::size_t byte) noexcept {
  return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

}  // namespace

bool valid_user(std::string_view text) noexcept { return all_of(text, 128, "._~@:-"); }
bool valid_room(std::string_view text) noexcept { return all_of(text, 128, "._~:/@-"); }
bool valid_tenant(std::string_view text) noexcept { return all_of(text, 64, "._~-"); }

bool valid_utf8(std::string_view text) noexcept {
  utf8_validator check;
  return check.feed(text) && check.complete();
}

bool valid_event_name(std::string_view text) noexcept {
  if (text.empty() || text.size() > 128) return false;
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return false;
  return valid_utf8(text);
}

bool reserved_event_name(std::string_view text) noexcept {
  static constexpr std::string_view names[] = {"connected", "goodbye", "gap", "heartbeat",
                                               "token_expiring"};
  return std::find(std::begin(names), std::end(names), text) != std::end(names);
}

bool valid_event_id(std::string_view text) noexcept { return valid_event_name(text); }

session_id session_id::make(node_tag32 home) {
  session_id id;
  const std::uint64_t random[2] = {random64(), random64()};
  for (std::size_t i = 0; i < 16; ++i)
    id.bytes_[i] = static_cast<std::uint8_t>(random[i / 8] >> (8 * (i % 8)));
  for (std::size_t i = 0; i < 4; ++i)
    id.bytes_[i] = static_cast<std::uint8_t>(home >> (8 * (3 - i)));
  id.bytes_[6] = static_cast<std::uint8_t>((id.bytes_[6] & 0x0F) | 0x80);  // version 8: custom
  id.bytes_[8] = static_cast<std::uint8_t>((id.bytes_[8] & 0x3F) | 0x80);  // RFC 9562 variant
  return id;
}

std::optional<session_id> session_id::parse(std::string_view text) noexcept {
  if (text.size() != 36) return std::nullopt;
  session_id id;
  std::size_t at = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    if (dash_before(i) && text[at++] != '-') return std::nullopt;
    const int high = hex_value(text[at]);
    const int low = hex_value(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes_[i] = static_cast<std::uint8_t>(high * 16 + low);
    at += 2;
  }
  return id;
}

node_tag32 session_id::home() const noexcept {
  return static_cast<node_tag32>(bytes_[0]) << 24 | static_cast<node_tag32>(bytes_[1]) << 16 |
         static_cast<node_tag32>(bytes_[2]) << 8 | bytes_[3];
}

std::string session_id::str() const {
  std::string out;
  out.reserve(36);
  for (std::size_t i = 0; i < 16; ++i) {
    if (dash_before(i)) out += '-';
    append_hex(out, bytes_[i]);
  }
  return out;
}

std::string make_event_id() {
  static constexpr char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";  // Crockford base 32
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  auto ms = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  std::string out(26, '0');
  for (int i = 9; i >= 0; --i, ms >>= 5) out[static_cast<std::size_t>(i)] = digits[ms & 31];
  std::uint64_t random = random64();
  for (std::size_t i = 10; i < 26; ++i, random >>= 5) {
    if (i == 18) random = random64();
    out[i] = digits[random & 31];
  }
  return out;
}

std::string_view to_string(channel_kind kind) noexcept {
  switch (kind) {
    case channel_kind::room: return "room";
    case channel_kind::user: return "user";
    case channel_kind::all: return "all";
    case channel_kind::client: return "client";
  }
  return "room";
}

}  // namespace starling
