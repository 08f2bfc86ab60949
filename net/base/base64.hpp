/// Base64 (RFC 4648) in both alphabets: padded with + and / (section 4) as WebSocket and JetStream
/// write it, base64url without padding (section 5), the only text form JOSE knows for bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace starling {

std::string base64_encode(std::string_view bytes);

/// nullopt unless it is padded to whole groups of four and every other character is of the
/// alphabet. Stray bits in the last one are ignored: many spellings of the same bytes do no harm.
std::optional<std::string> base64_decode(std::string_view text);

std::string base64url_encode(std::string_view bytes);

/// Strict: no padding, no white space, no foreign characters and no stray bits in the last
/// character, so that every byte string has exactly one spelling. nullopt for anything else.
std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace starling
