/// From the JSON of a token whose signature is good to an identity.
#pragma once

#include <chrono>
#include <cstdint>

#include <nlohmann/json_fwd.hpp>

#include "net/auth/identity.hpp"
#include "net/auth/token.hpp"
#include "net/base/result.hpp"

namespace starling::net {

/// What a token may leave out, where another protocol's tokens are read.
struct claim_needs {
  bool expiry = true;  ///< else one without `exp` is good for `unlimited`
  bool user = true;    ///< else one without a valid user id leaves `identity::user` empty
};
inline constexpr std::chrono::hours unlimited{24 * 365 * 20};

/// Every check of `verify` that comes after the signature. `claims` is an object.
/// Errors: errc::unauthorized names the claim. `token_hash` is left 0.
result<identity> read_claims(const nlohmann::json& claims, const token_rules& rules,
                             std::int64_t now_s, claim_needs needs = {});

}  // namespace starling::net
