/// How many actors there are: what a leak of them shows in.
#pragma once

#include <cstdint>

namespace starling::actors {

/// Pinned actors of this process that were spawned and have not ended. Any thread.
std::uint64_t living_actors() noexcept;

}  // namespace starling::actors
