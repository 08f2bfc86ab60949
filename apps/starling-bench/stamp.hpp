/// What the program writes into every event it publishes, and reads back from every delivery.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace starling::bench {

/// The marked part of a payload `{"n":17,"t":123456,"x":"..."}`.
struct stamp {
  std::uint64_t n = 0;  // room, lane and sequence, see seating and ledger
  std::int64_t t = 0;   // intended send time, steady clock, nanoseconds
};

/// Finds `"n":` and `"t":` wherever they stand in `text`: the bare payload, an envelope, or a
/// WebSocket frame. Stops at the second of them, so the filler after it costs nothing.
inline std::optional<stamp> find_stamp(std::string_view text) noexcept {
  stamp found;
  bool has_n = false;
  bool has_t = false;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (end - at >= 5) {
    at = static_cast<const char*>(std::memchr(at, '"', static_cast<std::size_t>(end - at - 4)));
    if (!at) return std::nullopt;
    if (at[2] == '"' && at[3] == ':' && (at[1] == 'n' || at[1] == 't')) {
      const bool is_n = at[1] == 'n';
      const auto read =
          is_n ? std::from_chars(at + 4, end, found.n) : std::from_chars(at + 4, end, found.t);
      if (read.ec == std::errc{}) {
        (is_n ? has_n : has_t) = true;
        if (has_n && has_t) return found;
      }
      at = read.ptr;
    } else {
      ++at;
    }
  }
  return std::nullopt;
}

}  // namespace starling::bench
