#include "net/auth/token.hpp"

#include <algorithm>
#include <functional>

#include <nlohmann/json.hpp>

#include "net/auth/claims.hpp"
#include "net/auth/compact.hpp"
#include "net/auth/json_guard.hpp"
#include "net/auth/signed_token.hpp"
#include "net/base/base64.hpp"

namespace starling::net {

namespace {

error refused(const char* why) {
  return {errc::unauthorized, std::string("token refused: ") + why};
}

struct algorithm_and_key {
  algorithm alg;
  std::optional<std::string> kid;
};

result<algorithm_and_key> read_header(const nlohmann::json& json) {
  const auto alg = json.find("alg");
  const auto* name = alg == json.end() ? nullptr : alg->get_ptr<const std::string*>();
  const auto known = name == nullptr ? std::nullopt : parse_algorithm(*name);
  if (!known) return refused("its alg is none of HS256, EdDSA, RS256 and ES256");
  if (json.contains("crit")) return refused("it has a critical extension (crit); none is known");
  algorithm_and_key out{*known, std::nullopt};
  if (const auto kid = json.find("kid"); kid != json.end()) {
    if (!kid->is_string()) return refused("its kid is not a string");
    out.kid = kid->get<std::string>();
  }
  return out;
}

}  // namespace

result<signed_token> check_signature(std::string_view compact, const key_set& keys) {
  if (compact.empty()) return refused("it is empty");
  if (compact.size() > max_token_bytes) return refused("it is larger than 8 KiB");
  const auto parts = split_compact(compact);
  if (!parts) return refused("it is not of the form header.claims.signature");

  const auto head_text = base64url_decode(parts->header);
  auto header = head_text ? parse_object(*head_text) : std::nullopt;
  if (!header) return refused("its header is not base64url of a JSON object");
  const auto needs = read_header(*header);
  if (!needs) return needs.error();
  const auto signature = base64url_decode(parts->signature);
  if (!signature) return refused("its signature is not base64url");
  const auto candidates = keys.candidates(needs->alg, needs->kid);
  if (candidates.empty()) return refused("no configured key fits its alg and kid");
  if (std::none_of(candidates.begin(), candidates.end(), [&](const verifier* key) {
        return key->verify(parts->signed_text, *signature);
      }))
    return refused("its signature does not match");

  const auto text = base64url_decode(parts->claims);
  auto claims = text ? parse_object(*text) : std::nullopt;
  if (!claims) return refused("its claims are not base64url of a JSON object");
  return signed_token{std::move(*header), std::move(*claims),
                      std::hash<std::string_view>{}(parts->signed_text)};
}

result<identity> verify(std::string_view compact, const key_set& keys, const token_rules& rules,
                        std::int64_t now_s) {
  const auto token = check_signature(compact, keys);
  if (!token) return token.error();
  auto out = read_claims(token->claims, rules, now_s);
  if (out) out->token_hash = token->hash;
  return out;
}

}  // namespace starling::net
