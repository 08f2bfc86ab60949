#include "net/auth/sign.hpp"

#include <nlohmann/json.hpp>

#include "net/auth/compact.hpp"
#include "net/auth/json_guard.hpp"
#include "net/auth/pem.hpp"
#include "net/auth/signature.hpp"
#include "net/base/base64.hpp"
#include "net/base/ids.hpp"

namespace starling::net {

namespace {

result<std::string> signing_input(algorithm alg, std::string_view claims_json,
                                  const std::optional<std::string>& kid) {
  if (!parse_object(claims_json)) return error{errc::malformed, "the claims are no JSON object"};
  nlohmann::json header{{"alg", to_string(alg)}, {"typ", "JWT"}};
  if (kid) {
    if (!valid_utf8(*kid)) return error{errc::malformed, "the kid is not UTF-8"};
    header["kid"] = *kid;
  }
  return base64url_encode(header.dump()) + '.' + base64url_encode(claims_json);
}

result<std::string> joined(const std::string& input, const result<std::string>& signature) {
  if (!signature) return signature.error();
  return input + '.' + base64url_encode(*signature);
}

}  // namespace

result<std::string> sign_hs256(std::string_view claims_json, std::string_view secret,
                               const std::optional<std::string>& kid) {
  const auto input = signing_input(algorithm::hs256, claims_json, kid);
  if (!input) return input.error();
  return joined(*input, sign_hmac(secret, *input));
}

result<std::string> sign_with_pem(std::string_view claims_json, const std::string& key_file,
                                  const std::optional<std::string>& kid) {
  const auto key = read_private_key(key_file);
  if (!key) return key.error();
  const auto alg = algorithm_of(*key);
  if (!alg) return error{alg.error().code, key_file + ": " + alg.error().message};
  const auto input = signing_input(*alg, claims_json, kid);
  if (!input) return input.error();
  return joined(*input, sign(*key, *input));
}

result<decoded_token> decode_unverified(std::string_view compact) {
  const auto parts = split_compact(compact);
  if (!parts) return error{errc::malformed, "a token has three parts: header.claims.signature"};
  auto header = base64url_decode(parts->header);
  if (!header || !parse_object(*header))
    return error{errc::malformed, "the token's header is not base64url of a JSON object"};
  auto claims = base64url_decode(parts->claims);
  if (!claims || !parse_object(*claims))
    return error{errc::malformed, "the token's claims are not base64url of a JSON object"};
  return decoded_token{std::move(*header), std::move(*claims)};
}

}  // namespace starling::net
