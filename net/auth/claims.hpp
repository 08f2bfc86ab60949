/// From the JSON of a token whose signature is good to an identity.
#pragma once

#include <cstdint>

#include <nlohmann/json_fwd.hpp>

#include "net/auth/identity.hpp"
#include "net/auth/token.hpp"
#include "net/base/result.hpp"

namespace starling::net {

/// Every check of `verify` that comes after the signature. `claims` is an object.
/// Errors: errc::unauthorized names the claim. `token_hash` is left 0.
result<identity> read_claims(const nlohmann::json& claims, const token_rules& rules,
                             std::int64_t now_s);

}  // namespace starling::net
