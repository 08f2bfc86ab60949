/// The protocols a node can speak: one row each.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/auth/token.hpp"
#include "net/dialect/mercure/hub.hpp"
#include "net/http/route.hpp"
#include "net/wire/stream_formats.hpp"

namespace starling::net {

/// What the configuration says to single dialects.
struct dialect_settings {
  /// How long a session of long-poll outlives its last answer.
  std::chrono::milliseconds poll_grace = std::chrono::seconds(30);
  mercure::hub_settings mercure;
};

/// In the order in which they are listed.
const std::vector<std::string>& dialect_names();

/// Ed25519 public keys (base64url) out of the samples of what speaks a dialect: everybody can sign
/// with them, so no listener takes them for anything, whichever dialects are enabled.
const std::vector<std::string_view>& published_keys();

// Of those named in `enabled`; unknown names are none.

/// Their paths.
std::vector<route> dialect_routes(std::span<const std::string> enabled,
                                  const dialect_settings& settings);
/// What clients may ask for in `format`, and what they get who do not: `standard`, one of these.
/// Errors: errc::malformed when it is none.
result<stream_formats> dialect_formats(std::span<const std::string> enabled,
                                       std::string_view standard);
/// What their tokens must stand besides.
std::vector<claims_check> dialect_checks(std::span<const std::string> enabled);

}  // namespace starling::net
