#include "net/base/trace.hpp"

#include <algorithm>
#include <random>

#include "net/base/hex.hpp"

namespace starling {

namespace {

// version-traceid-parentid-flags
constexpr std::size_t trace_start = 3, trace_size = 32;
constexpr std::size_t parent_start = 36, parent_size = 16;
constexpr std::size_t flags_start = 53;
constexpr std::size_t plain_size = 55;
constexpr std::size_t longest = 128;

bool lower_hex(std::string_view text) noexcept {
  return text.find_first_not_of(hex_digits) == text.npos;
}

bool id(std::string_view text) noexcept {
  return lower_hex(text) && text.find_first_not_of('0') != text.npos;
}

/// 16 hex digits, not all of them zero.
void append_random(std::string& out) {
  thread_local std::mt19937_64 random{std::random_device{}()};
  auto bits = random() | 1u;
  for (int i = 0; i < 16; ++i, bits >>= 4) out += hex_digits[bits & 15];
}

}  // namespace

bool valid_traceparent(std::string_view text) noexcept {
  if (text.size() < plain_size || text.size() > longest) return false;
  if (text[2] != '-' || text[parent_start - 1] != '-' || text[flags_start - 1] != '-') return false;
  const auto version = text.substr(0, 2);
  if (!lower_hex(version) || version == "ff") return false;
  if (text.size() > plain_size && (version == "00" || text[plain_size] != '-')) return false;
  return id(text.substr(trace_start, trace_size)) && id(text.substr(parent_start, parent_size)) &&
         lower_hex(text.substr(flags_start, 2)) &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

void make_traceparent(std::string& out) {
  out.reserve(plain_size);
  out.assign("00-");
  append_random(out);
  append_random(out);
  out += '-';
  append_random(out);
  out += "-00";  // nobody has asked for it to be recorded
}

std::string_view trace_id_of(std::string_view traceparent) noexcept {
  if (traceparent.size() < plain_size) return {};
  return traceparent.substr(trace_start, trace_size);
}

}  // namespace starling
