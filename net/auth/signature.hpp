/// Keys and the four signature algorithms of tokens. The key decides the algorithm, never the
/// token.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/base/result.hpp"

struct evp_pkey_st;     // OpenSSL's EVP_PKEY
struct evp_mac_ctx_st;  // OpenSSL's EVP_MAC_CTX

namespace starling::net {

enum class algorithm : std::uint8_t {
  hs256,  ///< HMAC SHA-256, shared secret
  eddsa,  ///< Ed25519
  rs256,  ///< RSA PKCS#1 v1.5 with SHA-256, 2048 bits or more
  es256,  ///< ECDSA P-256 with SHA-256, signature r||s of 64 bytes
};
/// The `alg` text; nullopt for `none` and every other algorithm. Case counts.
std::optional<algorithm> parse_algorithm(std::string_view text) noexcept;
std::string_view to_string(algorithm a) noexcept;

using pkey_ptr = std::shared_ptr<evp_pkey_st>;

/// The one algorithm this key is good for; errc::malformed says why it is good for none.
result<algorithm> algorithm_of(const pkey_ptr& key);

/// One key that verifies. Copies share the key; any thread.
class verifier {
 public:
  /// Errors: errc::malformed for an empty secret.
  static result<verifier> hmac(std::string_view secret);
  /// Errors: as algorithm_of.
  static result<verifier> public_key(pkey_ptr key);

  algorithm alg() const noexcept { return alg_; }
  /// Length of the secret; 0 for a public key.
  std::size_t secret_bytes() const noexcept { return secret_bytes_; }
  /// True when `signature` (raw bytes) is this key's over `text`. Never blocks.
  bool verify(std::string_view text, std::string_view signature) const;

 private:
  verifier() = default;

  algorithm alg_ = algorithm::hs256;
  std::size_t secret_bytes_ = 0;
  pkey_ptr key_;
  std::shared_ptr<evp_mac_ctx_st> keyed_;  // holds the hashed key; each use duplicates it
};

/// Raw signature bytes over `text`.
result<std::string> sign(const pkey_ptr& private_key, std::string_view text);
result<std::string> sign_hmac(std::string_view secret, std::string_view text);

}  // namespace starling::net
