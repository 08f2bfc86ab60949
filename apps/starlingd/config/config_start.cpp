#include "apps/starlingd/config/config_start.hpp"

#include <openssl/crypto.h>

#include <stdexcept>

#include "net/dialect/dialects.hpp"
#include "net/io/listener.hpp"

namespace starling::app {
namespace {

class start_check {
 public:
  explicit start_check(load_result& loaded) : c_(loaded.value), loaded_(loaded) {}

  std::shared_ptr<const net::key_set> keys() {
    net::key_options all;
    all.published = net::published_keys();
    if (!c_.auth.hs256_secret.empty())
      all.hs256_secret = c_.auth.hs256_secret;
    else if (c_.auth.dev)
      all.hs256_secret = "dev";
    all.hs256_keys = c_.auth.hs256_keys;
    all.public_key_files = c_.auth.public_key_files;
    if (!c_.auth.jwks_file.empty()) all.jwks_file = c_.auth.jwks_file;
    if (!c_.auth.api_keys_file.empty()) all.api_keys_file = c_.auth.api_keys_file;
    // One kind at a time first: the key of the configuration to blame is known then.
    usable("auth.hs256_secret", {.hs256_secret = all.hs256_secret});
    usable("auth.hs256_keys", {.hs256_keys = all.hs256_keys});
    for (const auto& file : all.public_key_files)
      usable("auth.public_key_files", {.public_key_files = {file}, .published = all.published});
    usable("auth.jwks_file", {.jwks_file = all.jwks_file});
    usable("auth.api_keys_file", {.api_keys_file = all.api_keys_file});
    if (!loaded_.ok()) return nullptr;
    auto set = net::key_set::load(all);
    if (all.hs256_secret) wipe(*all.hs256_secret);
    for (auto& [kid, secret] : all.hs256_keys) wipe(secret);
    if (!set) {
      fail("auth", set.error().message);
      return nullptr;
    }
    return std::make_shared<const net::key_set>(std::move(*set));
  }

  void addresses() {
    const auto clients = own_address("listen.public", c_.listen.public_);
    const auto admin = own_address("listen.admin", c_.listen.admin);
    if (!clients || !admin || clients->port() == 0 || clients->port() != admin->port()) return;
    const bool overlap = clients->address() == admin->address() ||
                         clients->address().is_unspecified() || admin->address().is_unspecified();
    if (overlap) fail("listen.admin", "has the port of listen.public; give it one of its own");
  }

  void mercure() {
    const auto& m = c_.mercure;
    usable("mercure.publisher_key", mercure_keys(m.publisher_key, m.publisher_algorithm));
    usable("mercure.subscriber_key", mercure_keys(m.subscriber_key, m.subscriber_algorithm));
  }

  void mapping() {
    if (c_.nats.url.empty()) {
      const char* const reason =
          "needs nats.url: foreign messages come over NATS, and the memory engine has none";
      if (!c_.mapping.empty()) fail("mapping", reason);
      if (c_.mapping_profile != mapping_profile::none) fail("mapping_profile", reason);
    }
  }

 private:
  void fail(const std::string& key, const std::string& message) {
    const auto at = loaded_.from.find(key);
    loaded_.errors.push_back(
        {at == loaded_.from.end() ? "" : at->second, key, key + " " + message});
  }

  void usable(const char* key, const net::key_options& options) {
    const auto set = net::key_set::load(options);
    if (!set) return fail(key, set.error().message);
    long_enough(key, *set);
  }

  void usable(const char* key, const result<std::shared_ptr<const net::key_set>>& set) {
    if (!set) return fail(key, set.error().message);
    if (*set) long_enough(key, **set);
  }

  void long_enough(const char* key, const net::key_set& set) {
    const auto least = set.shortest_secret();
    if (least && *least < net::least_secret_bytes && !c_.auth.dev)
      fail(key, "holds a secret of " + std::to_string(*least) + " bytes; HS256 needs at least " +
                    std::to_string(net::least_secret_bytes) +
                    ", such as those of: openssl rand -hex 32");
  }

  static void wipe(std::string& secret) { OPENSSL_cleanse(secret.data(), secret.size()); }

  std::optional<net::tcp_endpoint> own_address(const char* key, const endpoint& listener) {
    try {
      auto at = net::resolve_listen_address(format_endpoint(listener));
      net::check_own_address(at);
      return at;
    } catch (const std::runtime_error& e) {
      fail(key, e.what());
      return std::nullopt;
    }
  }

  const config& c_;
  load_result& loaded_;
};

}  // namespace

result<std::shared_ptr<const net::key_set>> mercure_keys(const std::string& key,
                                                         token_algorithm algorithm) {
  if (key.empty()) return std::shared_ptr<const net::key_set>();
  net::key_options from{.published = net::published_keys()};
  if (algorithm == token_algorithm::hs256)
    from.hs256_secret = key;
  else if (key.find("-----BEGIN") != key.npos)
    from.public_key_text = key;
  else
    from.public_key_files = {key};
  auto keys = net::key_set::load(from);
  if (!keys) return keys.error();
  const auto wanted = static_cast<net::algorithm>(algorithm);
  if (keys->candidates(wanted, std::nullopt).empty())
    return error{errc::malformed, "is no key for " + std::string(net::to_string(wanted)) +
                                      "; set the algorithm beside it to what it is for"};
  return std::make_shared<const net::key_set>(std::move(*keys));
}

std::shared_ptr<const net::key_set> check_start(load_result& loaded) {
  if (!loaded.ok()) return nullptr;
  start_check check(loaded);
  check.addresses();
  check.mapping();
  check.mercure();
  return check.keys();
}

}  // namespace starling::app
