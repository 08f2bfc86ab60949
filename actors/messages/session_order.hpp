/// The orders in which sessions are listed.
#pragma once

#include <cstdint>

#include "net/base/ids.hpp"

namespace starling::actors {

/// By id, or the greatest first. The number is the one on the wire.
enum class session_order : std::uint8_t {
  id,
  newest,     ///< by the time of opening
  delivered,  ///< by events
  queued      ///< by bytes
};

/// Where a session stands: greater ranks first, then by id. In the order of ids every rank is 0.
struct session_place {
  session_place(session_id id, std::uint64_t rank = 0) : before(~rank), id(id) {}

  std::uint64_t before;
  session_id id;
  auto operator<=>(const session_place&) const = default;
};

}  // namespace starling::actors
