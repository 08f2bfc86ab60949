/// The keys a node trusts, and which of them a token may be checked with.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/auth/api_keys.hpp"
#include "net/auth/signature.hpp"
#include "net/base/result.hpp"

namespace starling::net {

/// An HS256 secret should be as long as its hash (RFC 7518 section 3.2): shorter ones are found by
/// trying, from one token.
inline constexpr std::size_t least_secret_bytes = 32;

/// Where keys come from. All that is given is used together.
struct key_options {
  std::optional<std::string> hs256_secret;        ///< a secret without kid
  std::map<std::string, std::string> hs256_keys;  ///< kid -> secret
  std::vector<std::string> public_key_files;      ///< PEM, SPKI; the file's stem serves as kid
  std::optional<std::string> jwks_file;           ///< RFC 7517
  std::optional<std::string> api_keys_file;       ///< see api_keys
  std::optional<std::string> public_key_text;     ///< PEM, SPKI; without kid
  /// Ed25519 public keys (base64url) that are refused: anybody can sign with them.
  std::span<const std::string_view> published = {};
};

/// Immutable after load; copies share the keys; any thread.
///
/// Which keys a token may be checked with (always only keys of the token's algorithm):
/// - its kid names keys: those, and no others;
/// - its kid names none: keys that were given without a kid of their own (the plain secret, PEM
///   files, JWKS entries without kid);
/// - it has no kid: all, those without a kid of their own first.
/// The name of a PEM file is a kid that tokens may use and need not.
class key_set {
 public:
  /// Reads everything. No key at all is an empty set, not an error.
  /// Errors: errc::malformed names the file (or key) and what is wrong with it. Keys in
  /// `published` are refused.
  static result<key_set> load(const key_options& options);

  bool empty() const noexcept { return keys_.empty(); }
  std::size_t size() const noexcept { return keys_.size(); }
  /// Length in bytes of the shortest HS256 secret; nullopt without any.
  std::optional<std::size_t> shortest_secret() const noexcept;

  /// Who an API key speaks for; nullptr for none of ours.
  std::shared_ptr<const identity> bearer_of(std::string_view api_key) const {
    return api_keys_.find(api_key);
  }

  /// Keys to try, see above. Pointers live as long as this set.
  std::vector<const verifier*> candidates(algorithm alg,
                                          const std::optional<std::string>& kid) const;

 private:
  struct entry {
    std::string kid;    // empty: none
    bool kid_required;  // false: also for tokens that name no key of ours
    verifier key;
  };

  result<void> add_secrets(const key_options& options);
  result<void> add_pem(const std::string& path, std::span<const std::string_view> published);
  result<void> add_public_key(pkey_ptr key, const std::string& name, std::string kid,
                              std::span<const std::string_view> published);
  result<void> add_jwks(const std::string& path);

  std::vector<entry> keys_;
  api_key_set api_keys_;
};

}  // namespace starling::net
