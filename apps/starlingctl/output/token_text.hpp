/// What a decoded token means, in words. Pure; says nothing about the signature.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/starlingctl/output/json_view.hpp"

namespace starling::ctl {

/// Why a node would refuse the token whatever its signature; empty when nothing speaks against it.
std::vector<std::string> token_problems(const json& header, const json& claims,
                                        std::int64_t now_ms);
/// Rights and expiry in words, then header and claims as they are.
std::string render_token(const json& header, const json& claims, std::int64_t now_ms);

}  // namespace starling::ctl
