#include "net/auth/jwk.hpp"

#include <algorithm>
#include <memory>
#include <optional>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <nlohmann/json.hpp>

#include "net/auth/json_guard.hpp"
#include "net/base/base64.hpp"

namespace starling::net {

namespace {

using json = nlohmann::json;
using builder = std::unique_ptr<OSSL_PARAM_BLD, decltype(&OSSL_PARAM_BLD_free)>;
using bignum_ptr = std::unique_ptr<BIGNUM, decltype(&BN_free)>;

error bad(std::string problem) {
  ERR_clear_error();
  return {errc::malformed, std::move(problem)};
}

const unsigned char* raw(const std::string& s) noexcept {
  return reinterpret_cast<const unsigned char*>(s.data());
}

std::string text_of(const json& key, const char* member) {
  const auto at = key.find(member);
  return at != key.end() && at->is_string() ? at->get<std::string>() : std::string();
}

result<std::string> bytes_of(const json& key, const char* member) {
  auto bytes = base64url_decode(text_of(key, member));
  if (!bytes || bytes->empty())
    return bad(std::string("member \"") + member + "\" is missing or not base64url");
  return std::move(*bytes);
}

result<verifier> from_params(const char* type, OSSL_PARAM_BLD* parts) {
  const std::unique_ptr<OSSL_PARAM, decltype(&OSSL_PARAM_free)> params(
      OSSL_PARAM_BLD_to_param(parts), &OSSL_PARAM_free);
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> ctx(
      EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr), &EVP_PKEY_CTX_free);
  EVP_PKEY* key = nullptr;
  if (!params || !ctx || EVP_PKEY_fromdata_init(ctx.get()) != 1 ||
      EVP_PKEY_fromdata(ctx.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return bad(std::string("its members are no valid ") + type + " public key");
  return verifier::public_key(pkey_ptr(key, &EVP_PKEY_free));
}

result<verifier> rsa_key(const json& key) {
  const auto n = bytes_of(key, "n");
  if (!n) return n.error();
  const auto e = bytes_of(key, "e");
  if (!e) return e.error();
  const bignum_ptr modulus(BN_bin2bn(raw(*n), static_cast<int>(n->size()), nullptr), &BN_free);
  const bignum_ptr exponent(BN_bin2bn(raw(*e), static_cast<int>(e->size()), nullptr), &BN_free);
  if (!BN_is_odd(exponent.get()) || BN_is_one(exponent.get()))
    return bad("member \"e\" is no RSA exponent");  // e = 1 would accept any signature
  const builder parts(OSSL_PARAM_BLD_new(), &OSSL_PARAM_BLD_free);
  OSSL_PARAM_BLD_push_BN(parts.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
  OSSL_PARAM_BLD_push_BN(parts.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
  return from_params("RSA", parts.get());
}

result<verifier> p256_key(const json& key) {
  const auto x = bytes_of(key, "x");
  if (!x) return x.error();
  const auto y = bytes_of(key, "y");
  if (!y) return y.error();
  if (x->size() != 32 || y->size() != 32) return bad("members \"x\" and \"y\" must be 32 bytes");
  const auto point = '\x04' + *x + *y;  // uncompressed form
  const builder parts(OSSL_PARAM_BLD_new(), &OSSL_PARAM_BLD_free);
  OSSL_PARAM_BLD_push_utf8_string(parts.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_octet_string(parts.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  return from_params("EC", parts.get());
}

result<verifier> ed25519_key(const json& key) {
  const auto x = bytes_of(key, "x");
  if (!x) return x.error();
  pkey_ptr out(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(*x), x->size()),
               &EVP_PKEY_free);
  if (!out) return bad("member \"x\" must be 32 bytes");
  return verifier::public_key(std::move(out));
}

result<verifier> oct_key(const json& key) {
  const auto k = bytes_of(key, "k");
  if (!k) return k.error();
  return verifier::hmac(*k);
}

using maker = result<verifier> (*)(const json&);
struct family {
  const char* kty;
  const char* crv;  ///< "" where the type has no curve
  algorithm alg;
  maker make;
};
constexpr family families[] = {
    {"oct", "", algorithm::hs256, oct_key},
    {"OKP", "Ed25519", algorithm::eddsa, ed25519_key},
    {"RSA", "", algorithm::rs256, rsa_key},
    {"EC", "P-256", algorithm::es256, p256_key},
};

bool may_verify(const json& key, algorithm alg) {
  const auto named = [&](const char* member, std::string_view wanted) {
    return !key.contains(member) || text_of(key, member) == wanted;
  };
  const auto ops = key.find("key_ops");
  const bool op = ops == key.end() ||
                  (ops->is_array() && std::find(ops->begin(), ops->end(), "verify") != ops->end());
  return op && named("use", "sig") && named("alg", to_string(alg));
}

/// nullptr: a key for something else.
const family* family_of(const json& key) {
  const auto kty = text_of(key, "kty");
  const auto crv = text_of(key, "crv");
  for (const auto& f : families)
    if (kty == f.kty && (*f.crv == '\0' || crv == f.crv) && may_verify(key, f.alg)) return &f;
  return nullptr;
}

}  // namespace

result<std::vector<jwk>> parse_jwks(std::string_view text) {
  const auto document = parse_object(text);
  if (!document) return bad("is not a JSON object");
  const auto keys = document->find("keys");
  if (keys == document->end() || !keys->is_array())
    return bad("has no array \"keys\"; a JWKS file is {\"keys\":[..]}");
  std::vector<jwk> out;
  for (std::size_t i = 0; i < keys->size(); ++i) {
    const auto& key = (*keys)[i];
    const auto place = "keys[" + std::to_string(i) + "]: ";
    if (!key.is_object()) return bad(place + "is not a JSON object");
    if (key.contains("kid") && !key["kid"].is_string()) return bad(place + "\"kid\" is no string");
    const auto* f = family_of(key);
    if (f == nullptr) continue;
    auto made = f->make(key);
    if (!made) return bad(place + made.error().message);
    out.push_back({text_of(key, "kid"), std::move(*made)});
  }
  if (out.empty())
    return bad("holds no key that can verify HS256, EdDSA (Ed25519), RS256 or ES256 tokens");
  return out;
}

}  // namespace starling::net
