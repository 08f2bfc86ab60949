/// Verification of JSON web tokens (RFC 7519, compact JWS).
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/auth/identity.hpp"
#include "net/auth/key_set.hpp"
#include "net/base/result.hpp"

namespace starling::net {

inline constexpr std::size_t max_token_bytes = 8 * 1024;

/// One more check of a token's claims, an object. Errors: errc::unauthorized says why it refuses.
using claims_check = result<void> (*)(const nlohmann::json& claims);

/// What a token must say besides a good signature.
///
/// A claim is found by its name, or else by a dot path into objects ("user.id"); a name that
/// itself holds dots ("https://example.com/tenant") wins over the path.
struct token_rules {
  std::optional<std::string> issuer;  ///< `iss` must be this
  std::vector<std::string> audience;  ///< `aud` must be or contain one of these; empty: any
  std::string user_claim = "sub";
  std::string tenant_claim = "tenant";
  std::chrono::seconds leeway{60};   ///< on `exp` and `nbf`
  std::vector<claims_check> checks;  ///< of dialects
};

/// Who a token speaks for.
///
/// Checks, in this order: size (8 KiB), form, `alg` (HS256, EdDSA, RS256, ES256; never `none`),
/// no `crit`, key (see key_set), signature, `exp` (required: valid while now < exp + leeway), `nbf`
/// (when present), `iss`, `aud`, the dialects' checks, then the claims themselves: user (required),
/// tenant, rooms, publish, admin, device. A claim of the wrong type refuses the token.
///
/// now_s: epoch seconds. Any thread; never blocks.
/// Errors: errc::unauthorized says which check failed and never holds a part of the token.
result<identity> verify(std::string_view compact, const key_set& keys, const token_rules& rules,
                        std::int64_t now_s);

}  // namespace starling::net
