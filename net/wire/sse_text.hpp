/// How fields of an event stream are written. Shared by the formats of all dialects.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "net/base/frame.hpp"

namespace starling::net {

/// The buffer every frame of this thread is put together in. `wire_scratch_reserve` bytes in front
/// are not the text's: room for a WebSocket header, whose length is known only at the end.
std::string& wire_scratch();
inline constexpr std::size_t wire_scratch_reserve = 10;

/// What was written behind the reserve, as a frame of an HTTP body: chunked in HTTP/1.1.
/// accepted_ns: see frame.
frame sse_frame(const std::string& scratch, std::span<const std::int64_t> accepted_ns = {});

/// `field` (with its colon and space) and a value that must stay on one line; what would end the
/// line becomes a space. Names are checked at acceptance, but a frame broken here would forge
/// events for every receiver.
void append_sse_line(std::string& out, std::string_view field, std::string_view value);
/// One `data:` line per line of `text`, whichever way its lines end.
void append_sse_data(std::string& out, std::string_view text);
/// `retry:`; nothing when it is 0.
void append_sse_retry(std::string& out, std::chrono::milliseconds retry);

/// Two memchr are five times as fast as one find_first_of, and there is seldom anything to find.
inline bool has_line_break(std::string_view text) noexcept {
  return text.find('\n') != text.npos || text.find('\r') != text.npos;
}

}  // namespace starling::net
