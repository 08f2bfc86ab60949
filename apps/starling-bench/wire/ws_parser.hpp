/// Incremental reader of the frames a WebSocket server sends (RFC 6455, no extensions).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace starling::bench {

enum class ws_opcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10,
};

class ws_parser {
 public:
  /// Calls `frame(ws_opcode, payload)` for each whole frame. False when the peer breaks the
  /// protocol: a masked or fragmented frame, a reserved bit, or one above 1 MiB.
  template <class Frame>
  bool feed(std::string_view in, Frame&& frame) {
    if (carry_.empty()) return consume(in, frame);
    carry_.append(in);
    std::string whole = std::move(carry_);
    carry_.clear();
    return consume(whole, frame);
  }

 private:
  static constexpr std::size_t max_frame_bytes = 1 << 20;

  template <class Frame>
  bool consume(std::string_view in, Frame&& frame) {
    while (in.size() >= 2) {
      const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(in[i]); };
      const bool plain = (byte(0) & 0xf0) == 0x80 && (byte(1) & 0x80) == 0;
      if (!plain) return false;
      std::size_t size = byte(1);
      const std::size_t extra = size == 126 ? 2 : size == 127 ? 8 : 0;
      if (in.size() < 2 + extra) break;
      if (extra) size = 0;
      for (std::size_t i = 0; i < extra; ++i) size = size << 8 | byte(2 + i);
      if (size > max_frame_bytes) return false;
      if (in.size() < 2 + extra + size) break;
      frame(static_cast<ws_opcode>(byte(0) & 0x0f), in.substr(2 + extra, size));
      in.remove_prefix(2 + extra + size);
    }
    carry_.assign(in);
    return true;
  }

  std::string carry_;  // a frame cut by the end of the input
};

}  // namespace starling::bench
