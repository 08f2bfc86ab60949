/// Position in everything a cluster ever stored: what the SSE `id:` line carries.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace starling {

/// Number of a stored event; 0 is before the first.
using sequence = std::uint64_t;
/// Which life of the store a sequence belongs to (a deleted and recreated store starts another).
using epoch_id = std::uint64_t;

/// Opaque to clients. Text form `<epoch>-<sequence>` in base 36: at most 27 bytes of `[0-9a-z-]`,
/// so it never triggers a CORS preflight. Valid on every node.
struct cursor {
  epoch_id epoch = 0;
  sequence seq = 0;

  std::string str() const;
  friend bool operator==(const cursor&, const cursor&) = default;
};

/// A cursor as a client sent it back. `closed`: it ends with the mark of a goodbye that said
/// `reconnect:false` (text form: the cursor, then `.x`).
struct client_cursor {
  cursor at;
  bool closed = false;
};

/// nullopt when `text` is not one of ours.
std::optional<client_cursor> parse_cursor(std::string_view text) noexcept;
/// The id of a goodbye that must not be answered by a reconnect.
std::string closing_mark(const cursor& at);

}  // namespace starling
