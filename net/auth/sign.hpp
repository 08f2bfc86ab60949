/// Making and looking into tokens, for `starlingctl token create|inspect` and tests. The node
/// itself never signs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/base/result.hpp"

namespace starling::net {

/// A compact token. claims_json: a JSON object, taken as it is. Errors: errc::malformed.
result<std::string> sign_hs256(std::string_view claims_json, std::string_view secret,
                               const std::optional<std::string>& kid = std::nullopt);

/// As above; the type of the key in the file decides between EdDSA, RS256 and ES256.
/// Errors: errc::malformed names the file and what is wrong with it.
result<std::string> sign_with_pem(std::string_view claims_json, const std::string& key_file,
                                  const std::optional<std::string>& kid = std::nullopt);

struct decoded_token {
  std::string header_json;
  std::string claims_json;
};

/// What a token says, with NO check of signature, time or anything else: for showing only.
/// Both texts are JSON objects in UTF-8. Errors: errc::malformed.
result<decoded_token> decode_unverified(std::string_view compact);

}  // namespace starling::net
