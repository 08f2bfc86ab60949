/// base64url without padding (RFC 4648 section 5), the only text form JOSE knows for bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace starling::net {

std::string base64url_encode(std::string_view bytes);

/// Strict: no padding, no white space, no foreign characters and no stray bits in the last
/// character, so that every byte string has exactly one spelling. nullopt for anything else.
std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace starling::net
