/// What fechatter's tokens say beyond ours.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string_view>

#include "net/base/result.hpp"

namespace starling::net::fechatter {

/// A claims_check: `user.status` must not be `Suspended`.
result<void> refuse_suspended(const nlohmann::json& claims);

/// Ed25519 public keys (base64url) of its published samples, the compiled-in default and the
/// fixture: everybody can sign with them.
std::span<const std::string_view> published_keys() noexcept;

}  // namespace starling::net::fechatter
