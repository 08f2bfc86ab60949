/// The first half of verification: is the signature good?
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "net/auth/key_set.hpp"
#include "net/base/result.hpp"

namespace starling::net {

/// A token whose signature is good. Nothing that it claims has been looked at.
struct signed_token {
  nlohmann::json header;  ///< objects, both
  nlohmann::json claims;
  std::uint64_t hash = 0;  ///< same token, same value, within one process
};

/// The checks of `verify` from the size to the signature. Errors: as `verify`.
result<signed_token> check_signature(std::string_view compact, const key_set& keys);

}  // namespace starling::net
