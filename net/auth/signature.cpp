#include "net/auth/signature.hpp"

#include <array>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

namespace starling::net {

namespace {

constexpr std::size_t half = 32;  // bytes of r and of s

template <auto Free>
struct freer {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using digest_ctx = std::unique_ptr<EVP_MD_CTX, freer<EVP_MD_CTX_free>>;
using mac_ctx = std::unique_ptr<EVP_MAC_CTX, freer<EVP_MAC_CTX_free>>;
using ecdsa_sig = std::unique_ptr<ECDSA_SIG, freer<ECDSA_SIG_free>>;
using bignum = std::unique_ptr<BIGNUM, freer<BN_free>>;

const unsigned char* raw(std::string_view s) noexcept {
  return reinterpret_cast<const unsigned char*>(s.data());
}
unsigned char* raw(std::string& s) noexcept { return reinterpret_cast<unsigned char*>(s.data()); }

/// What OpenSSL leaves in its per-thread error queue would be taken for a TLS error later.
error fail(std::string message) {
  ERR_clear_error();
  return {errc::malformed, std::move(message)};
}

std::string der_of(std::string_view raw_signature) {
  const ecdsa_sig sig(ECDSA_SIG_new());
  bignum r(BN_bin2bn(raw(raw_signature), half, nullptr));
  bignum s(BN_bin2bn(raw(raw_signature) + half, half, nullptr));
  if (!sig || !r || !s || ECDSA_SIG_set0(sig.get(), r.get(), s.get()) != 1) return {};
  r.release();  // owned by sig now
  s.release();
  std::string der(80, '\0');
  auto* at = raw(der);
  const int size = i2d_ECDSA_SIG(sig.get(), &at);
  der.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return der;
}

std::string raw_of(std::string_view der) {
  const auto* at = raw(der);
  const ecdsa_sig sig(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  std::string out(2 * half, '\0');
  if (!sig || BN_bn2binpad(ECDSA_SIG_get0_r(sig.get()), raw(out), half) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(sig.get()), raw(out) + half, half) < 0)
    return {};
  return out;
}

const EVP_MD* digest_of(algorithm a) noexcept {
  return a == algorithm::eddsa ? nullptr : EVP_sha256();  // Ed25519 hashes by itself
}

mac_ctx keyed_mac(std::string_view secret) {
  EVP_MAC* mac = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
  mac_ctx ctx(EVP_MAC_CTX_new(mac));
  EVP_MAC_free(mac);  // the context keeps its own reference
  char digest[] = "SHA256";
  const std::array params{
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, sizeof digest - 1),
      OSSL_PARAM_construct_end()};
  if (!ctx || EVP_MAC_init(ctx.get(), raw(secret), secret.size(), params.data()) != 1) return {};
  return ctx;
}

bool finish_mac(EVP_MAC_CTX* ctx, std::string_view text, std::array<unsigned char, 32>& out) {
  std::size_t size = 0;
  return ctx != nullptr && EVP_MAC_update(ctx, raw(text), text.size()) == 1 &&
         EVP_MAC_final(ctx, out.data(), &size, out.size()) == 1 && size == out.size();
}

}  // namespace

std::optional<algorithm> parse_algorithm(std::string_view text) noexcept {
  for (const auto a : {algorithm::hs256, algorithm::eddsa, algorithm::rs256, algorithm::es256})
    if (text == to_string(a)) return a;
  return std::nullopt;
}

std::string_view to_string(algorithm a) noexcept {
  switch (a) {
    case algorithm::hs256: return "HS256";
    case algorithm::eddsa: return "EdDSA";
    case algorithm::rs256: return "RS256";
    case algorithm::es256: return "ES256";
  }
  return "HS256";
}

result<algorithm> algorithm_of(const pkey_ptr& key) {
  switch (EVP_PKEY_get_id(key.get())) {
    case EVP_PKEY_ED25519: return algorithm::eddsa;
    case EVP_PKEY_RSA:
      if (EVP_PKEY_get_bits(key.get()) >= 2048) return algorithm::rs256;
      return fail("an RSA key of " + std::to_string(EVP_PKEY_get_bits(key.get())) +
                  " bits is too weak; use 2048 bits or more");
    case EVP_PKEY_EC: {
      std::array<char, 64> group{};
      std::size_t size = 0;
      EVP_PKEY_get_group_name(key.get(), group.data(), group.size(), &size);
      if (std::string_view(group.data()) == "prime256v1") return algorithm::es256;
      return fail("the curve of this EC key is not P-256");
    }
    default: return fail("the key type is none of Ed25519, RSA and EC P-256");
  }
}

result<verifier> verifier::hmac(std::string_view secret) {
  if (secret.empty()) return error{errc::malformed, "the HS256 secret is empty"};
  verifier out;
  out.secret_bytes_ = secret.size();
  out.keyed_ = keyed_mac(secret);
  if (!out.keyed_) return fail("OpenSSL offers no HMAC with SHA-256");
  return out;
}

result<verifier> verifier::public_key(pkey_ptr key) {
  const auto alg = algorithm_of(key);
  if (!alg) return alg.error();
  verifier out;
  out.alg_ = *alg;
  out.key_ = std::move(key);
  return out;
}

bool verifier::verify(std::string_view text, std::string_view signature) const {
  if (alg_ == algorithm::hs256) {
    std::array<unsigned char, 32> expected;
    const mac_ctx ctx(EVP_MAC_CTX_dup(keyed_.get()));
    return finish_mac(ctx.get(), text, expected) && signature.size() == expected.size() &&
           CRYPTO_memcmp(expected.data(), signature.data(), expected.size()) == 0;
  }
  std::string der;
  if (alg_ == algorithm::es256) {
    if (signature.size() != 2 * half) return false;
    der = der_of(signature);
    signature = der;
  }
  const digest_ctx ctx(EVP_MD_CTX_new());
  const bool good =
      ctx && EVP_DigestVerifyInit(ctx.get(), nullptr, digest_of(alg_), nullptr, key_.get()) == 1 &&
      EVP_DigestVerify(ctx.get(), raw(signature), signature.size(), raw(text), text.size()) == 1;
  if (!good) ERR_clear_error();
  return good;
}

result<std::string> sign(const pkey_ptr& private_key, std::string_view text) {
  const auto alg = algorithm_of(private_key);
  if (!alg) return alg.error();
  const digest_ctx ctx(EVP_MD_CTX_new());
  std::string out(static_cast<std::size_t>(EVP_PKEY_get_size(private_key.get())), '\0');
  std::size_t size = out.size();
  if (!ctx ||
      EVP_DigestSignInit(ctx.get(), nullptr, digest_of(*alg), nullptr, private_key.get()) != 1 ||
      EVP_DigestSign(ctx.get(), raw(out), &size, raw(text), text.size()) != 1)
    return fail("the key cannot sign");
  out.resize(size);
  return *alg == algorithm::es256 ? raw_of(out) : out;
}

result<std::string> sign_hmac(std::string_view secret, std::string_view text) {
  if (secret.empty()) return error{errc::malformed, "the HS256 secret is empty"};
  std::array<unsigned char, 32> out;
  if (!finish_mac(keyed_mac(secret).get(), text, out))
    return fail("OpenSSL offers no HMAC with SHA-256");
  return std::string(out.begin(), out.end());
}

}  // namespace starling::net
