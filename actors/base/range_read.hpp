/// A part of a channel's history that a repair reads.
#pragma once

#include <cstddef>
#include <cstdint>

#include "net/base/cursor.hpp"

namespace starling::actors {

/// A read that a repair asks for: events of the channel of `hole` with after < seq <= up_to.
struct range_read {
  std::uint64_t repair;
  std::size_t hole;
  sequence after;
  sequence up_to;
  std::size_t limit;
};

}  // namespace starling::actors
