/// What the program writes into every event it publishes, and reads back from every delivery.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace starling::bench {

/// The marked part of a payload `{"n":17,"t":123456,"x":"..."}`.
struct stamp {
  std::uint64_t n = 0;  // room, lane and sequence, see room_layout and ledger
  std::int64_t t = 0;   // intended send time, steady clock, nanoseconds
};

/// Finds it wherever it stands in `text`: the bare payload, an envelope, or a WebSocket frame.
/// Looks no further than that, so the filler after it costs nothing.
inline std::optional<stamp> find_stamp(std::string_view text) noexcept {
  static constexpr std::string_view head = "{\"n\":";
  static constexpr std::string_view middle = ",\"t\":";
  const auto at = text.find(head);
  if (at == text.npos) return std::nullopt;
  const char* const end = text.data() + text.size();
  stamp found;
  const auto n = std::from_chars(text.data() + at + head.size(), end, found.n);
  if (n.ec != std::errc{} || !std::string_view(n.ptr, end).starts_with(middle)) return std::nullopt;
  const auto t = std::from_chars(n.ptr + middle.size(), end, found.t);
  if (t.ec != std::errc{}) return std::nullopt;
  return found;
}

}  // namespace starling::bench
