#include "net/auth/key_set.hpp"

#include <algorithm>
#include <filesystem>

#include <openssl/evp.h>

#include "net/auth/jwk.hpp"
#include "net/auth/pem.hpp"
#include "net/base/base64.hpp"

namespace starling::net {

namespace {

bool is_one_of(const pkey_ptr& key, std::span<const std::string_view> refused) {
  std::string bytes(32, '\0');
  std::size_t size = bytes.size();
  if (EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519 ||
      EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(bytes.data()),
                                  &size) != 1)
    return false;
  return std::find(refused.begin(), refused.end(), base64url_encode(bytes)) != refused.end();
}

error in(const std::string& place, const error& cause) {
  return {cause.code, place + ": " + cause.message};
}

}  // namespace

result<void> key_set::add_secrets(const key_options& options) {
  if (options.hs256_secret) {
    auto key = verifier::hmac(*options.hs256_secret);
    if (!key) return in("hs256_secret", key.error());
    keys_.push_back({"", false, std::move(*key)});
  }
  for (const auto& [kid, secret] : options.hs256_keys) {
    if (kid.empty()) return error{errc::malformed, "hs256_keys: a kid is empty"};
    auto key = verifier::hmac(secret);
    if (!key) return in("hs256_keys." + kid, key.error());
    keys_.push_back({kid, true, std::move(*key)});
  }
  return {};
}

result<void> key_set::add_pem(const std::string& path,
                              std::span<const std::string_view> published) {
  auto pem = read_public_key(path);
  if (!pem) return pem.error();
  return add_public_key(std::move(*pem), path, std::filesystem::path(path).stem().string(),
                        published);
}

result<void> key_set::add_public_key(pkey_ptr pem, const std::string& name, std::string kid,
                                     std::span<const std::string_view> published) {
  if (is_one_of(pem, published))
    return error{errc::malformed,
                 name +
                     ": is a published sample key with which everybody can sign; make your own "
                     "(openssl genpkey -algorithm ED25519)"};
  auto key = verifier::public_key(std::move(pem));
  if (!key) return in(name, key.error());
  keys_.push_back({std::move(kid), false, std::move(*key)});
  return {};
}

result<void> key_set::add_jwks(const std::string& path) {
  const auto text = read_key_file(path);
  if (!text) return text.error();
  auto keys = parse_jwks(*text);
  if (!keys) return in(path, keys.error());
  for (auto& [kid, key] : *keys) {
    const bool named = !kid.empty();
    keys_.push_back({std::move(kid), named, std::move(key)});
  }
  return {};
}

result<key_set> key_set::load(const key_options& options) {
  key_set out;
  if (auto done = out.add_secrets(options); !done) return done.error();
  for (const auto& path : options.public_key_files)
    if (auto done = out.add_pem(path, options.published); !done) return done.error();
  if (options.public_key_text) {
    auto key = parse_public_key(*options.public_key_text, "public key");
    if (!key) return key.error();
    if (auto done = out.add_public_key(std::move(*key), "public key", {}, options.published); !done)
      return done.error();
  }
  if (options.jwks_file)
    if (auto done = out.add_jwks(*options.jwks_file); !done) return done.error();
  if (options.api_keys_file) {
    auto keys = api_key_set::load(*options.api_keys_file);
    if (!keys) return keys.error();
    out.api_keys_ = std::move(*keys);
  }
  return out;
}

std::optional<std::size_t> key_set::shortest_secret() const noexcept {
  std::optional<std::size_t> least;
  for (const auto& each : keys_)
    if (const auto bytes = each.key.secret_bytes(); bytes > 0 && bytes < least.value_or(bytes + 1))
      least = bytes;
  return least;
}

std::vector<const verifier*> key_set::candidates(algorithm alg,
                                                 const std::optional<std::string>& kid) const {
  const auto named = [&](const entry& e) { return kid && !kid->empty() && e.kid == *kid; };
  const bool known = std::any_of(keys_.begin(), keys_.end(), named);
  std::vector<const verifier*> out;
  std::vector<const verifier*> others;
  for (const auto& e : keys_) {
    if (e.key.alg() != alg) continue;
    if (known ? named(e) : !e.kid_required)
      out.push_back(&e.key);
    else
      others.push_back(&e.key);
  }
  if (!kid) out.insert(out.end(), others.begin(), others.end());
  return out;
}

}  // namespace starling::net
