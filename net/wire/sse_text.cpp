#include "net/wire/sse_text.hpp"

#include <array>
#include <charconv>

#include "net/wire/json_text.hpp"
#include "net/wire/ws_frame.hpp"

namespace starling::net {

static_assert(wire_scratch_reserve == max_ws_header);

std::string& wire_scratch() {
  static constexpr std::size_t keep = 256 * 1024;
  thread_local std::string buffer;
  if (buffer.capacity() > keep) buffer.shrink_to_fit();
  buffer.assign(wire_scratch_reserve, '\0');
  return buffer;
}

frame sse_frame(const std::string& scratch, std::span<const std::int64_t> accepted_ns) {
  const auto body = std::string_view(scratch).substr(wire_scratch_reserve);
  std::array<char, 18> prefix{};
  char* end = std::to_chars(prefix.data(), prefix.data() + 16, body.size(), 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  return {{prefix.data(), end}, body, "\r\n", accepted_ns};
}

void append_sse_line(std::string& out, std::string_view field, std::string_view value) {
  out += field;
  const auto start = out.size();
  out += value;
  if (has_line_break(value))
    for (auto at = start; (at = out.find_first_of("\r\n", at)) != out.npos;) out[at] = ' ';
  out += '\n';
}

void append_sse_data(std::string& out, std::string_view text) {
  auto end = has_line_break(text) ? text.find_first_of("\r\n") : text.npos;
  for (;; end = text.find_first_of("\r\n")) {
    out += "data: ";
    out += text.substr(0, end);
    out += '\n';
    if (end == text.npos) return;
    text.remove_prefix(end + (text.substr(end).starts_with("\r\n") ? 2 : 1));
  }
}

void append_sse_retry(std::string& out, std::chrono::milliseconds retry) {
  if (retry.count() <= 0) return;
  out += "retry: ";
  append_number(out, retry.count());
  out += '\n';
}

}  // namespace starling::net
