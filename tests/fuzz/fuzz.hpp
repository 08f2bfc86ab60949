/// What the fuzz targets share. Each target is one file with one `fuzz(bytes)`; a rule that does
/// not hold ends the program, as a fault of memory does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace starling::fuzz {

/// Must hold for every input.
inline void require(bool holds, const char* rule) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", rule);
  std::abort();
}

/// The first byte of an input, for what a target has options for. 0 when there is none.
inline std::uint8_t take_byte(std::string_view& bytes) {
  if (bytes.empty()) return 0;
  const auto first = static_cast<std::uint8_t>(bytes.front());
  bytes.remove_prefix(1);
  return first;
}

/// Up to the next `mark`, which is dropped.
inline std::string_view take_until(std::string_view& bytes, char mark) {
  const auto end = bytes.find(mark);
  const auto taken = bytes.substr(0, end);
  bytes.remove_prefix(end == bytes.npos ? bytes.size() : end + 1);
  return taken;
}

/// The payload of one unmasked WebSocket frame.
inline std::string_view ws_payload(std::string_view frame) {
  require(frame.size() >= 2, "a frame has a header");
  const auto length = static_cast<std::uint8_t>(frame[1]);
  return frame.substr(length == 127 ? 10 : length == 126 ? 4 : 2);
}

/// The same bytes in pieces whose sizes follow from `seed`: for parsers that are fed in parts.
inline std::vector<std::string_view> pieces(std::string_view bytes, std::uint32_t seed) {
  std::vector<std::string_view> out;
  while (!bytes.empty()) {
    seed = seed * 1664525u + 1013904223u;
    const auto size = 1 + (seed >> 24) % (seed & 0x10000 ? 3 : 40);
    out.push_back(bytes.substr(0, size));
    bytes.remove_prefix(out.back().size());
  }
  return out;
}

}  // namespace starling::fuzz

/// Defined by each target.
void fuzz(std::string_view bytes);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz({reinterpret_cast<const char*>(data), size});
  return 0;
}
