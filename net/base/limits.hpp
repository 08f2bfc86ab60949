/// Bounds against abuse that were hit, counted over the process.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace starling {

/// What a request or a connection was refused for. (Rates are errc::rate_limited, full nodes
/// close_code::overload.)
enum class limit_kind : std::uint8_t {
  rooms_per_session,        ///< limits.rooms_per_session
  max_targets,              ///< limits.max_targets
  publish_bytes,            ///< bytes times targets of one publish request
  connections_per_address,  ///< limits.connections_per_address
  request_body,             ///< what the path takes
  tls_handshakes,           ///< under way at the same time
};
inline constexpr std::array<std::string_view, 6> limit_names{
    "rooms_per_session",       "max_targets",  "publish_bytes",
    "connections_per_address", "request_body", "tls_handshakes",
};

/// Any thread. Being refused is rare enough for one set of counters.
class limit_counts {
 public:
  static void add(limit_kind hit) noexcept {
    counts_[static_cast<std::size_t>(hit)].fetch_add(1, std::memory_order_relaxed);
  }
  static std::uint64_t get(limit_kind hit) noexcept {
    return counts_[static_cast<std::size_t>(hit)].load(std::memory_order_relaxed);
  }

 private:
  inline static std::array<std::atomic<std::uint64_t>, limit_names.size()> counts_{};
};

}  // namespace starling
