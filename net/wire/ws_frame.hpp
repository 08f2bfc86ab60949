/// RFC 6455 framing: client frames in, server frame headers out. Pure; fed in pieces cut anywhere.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/base/frame.hpp"
#include "net/base/utf8.hpp"

namespace starling::net {

enum class ws_opcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10
};

/// Close codes this node sends for the framing itself; `info(close_code)` has the others.
namespace ws_close {
inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t protocol = 1002;
inline constexpr std::uint16_t unsupported = 1003;
inline constexpr std::uint16_t none = 1005;  ///< the peer gave no code; never on the wire
inline constexpr std::uint16_t bad_text = 1007;
inline constexpr std::uint16_t too_big = 1009;
}  // namespace ws_close

inline constexpr std::size_t max_ws_header = 10;
inline constexpr std::size_t max_ws_control = 125;

/// Writes the header of one unfragmented, unmasked frame; answers its length (2, 4 or 10).
std::size_t write_ws_header(ws_opcode opcode, std::uint64_t payload_bytes,
                            std::array<char, max_ws_header>& out) noexcept;
/// A whole server frame. Control frames: at most 125 bytes.
frame make_ws_frame(ws_opcode opcode, std::string_view payload);
/// `code` and a reason, cut to what fits; no payload when `code` is `ws_close::none`.
frame make_ws_close(std::uint16_t code, std::string_view reason);
/// May `code` stand in a close frame?
bool valid_ws_close(std::uint16_t code) noexcept;

/// What a parser found.
enum class ws_found : std::uint8_t {
  nothing,  ///< all input is consumed; feed more
  text,     ///< payload(): a whole message, valid UTF-8
  binary,   ///< payload(): a whole message
  ping,     ///< payload(): to be echoed in a pong
  pong,
  close,    ///< code(): the peer's, or ws_close::none
  failure,  ///< code(): close with this one
};

/// Reads masked client frames. After `close` or `failure` all further input is thrown away.
/// Storage is held only while a message or control frame is incomplete or just found.
class ws_parser {
 public:
  explicit ws_parser(std::size_t max_message_bytes) : limit_(max_message_bytes) {}

  /// Consumes from the front of `input` until something is found or the input is used up.
  ws_found next(std::string_view& input);
  /// Of the last thing found; valid until the next call of next().
  std::string_view payload() const noexcept { return control_found_ ? control_ : message_; }
  std::uint16_t code() const noexcept { return code_; }
  /// In the middle of a frame or of a fragmented message.
  bool partial() const noexcept { return have_ > 0 || in_payload_ || fragmented_; }

 private:
  ws_found fail(std::uint16_t code) noexcept;
  void release() noexcept;
  std::size_t header_size() const noexcept;
  std::uint16_t begin_frame() noexcept;
  ws_found take_payload(std::string_view& input);
  ws_found end_frame();
  ws_found end_close();
  bool control() const noexcept { return (opcode_ & 8) != 0; }

  std::string message_;
  std::string control_;
  std::size_t limit_;
  std::uint64_t left_ = 0;  ///< payload bytes of this frame still to come
  std::array<std::uint8_t, 14> header_{};
  std::uint8_t have_ = 0;  ///< header bytes so far
  std::uint8_t mask_at_ = 0;
  std::uint8_t opcode_ = 0;
  std::uint8_t message_opcode_ = 0;
  std::uint16_t code_ = 0;
  utf8_validator text_;
  bool final_ = false;
  bool in_payload_ = false;
  bool fragmented_ = false;
  bool control_found_ = false;
  bool message_found_ = false;
  bool over_ = false;
};

}  // namespace starling::net
