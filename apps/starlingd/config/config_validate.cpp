#include "apps/starlingd/config/config_validate.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>

#include "apps/starlingd/config/config_mapping.hpp"
#include "net/base/nearest_name.hpp"
#include "net/dialect/dialects.hpp"
#include "net/io/tls_context.hpp"

namespace starling::app {
namespace {

/// What libpq says of it may repeat a password, so it is not shown.
bool is_dsn(const std::string& text) {
  char* fault = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> parsed(
      PQconninfoParse(text.c_str(), &fault), PQconninfoFree);
  PQfreemem(fault);
  return parsed != nullptr;
}

class checker {
 public:
  checker(const origins& from, config_errors& errors) : from_(from), errors_(errors) {}

  /// `instead`: the key to look at where `key` stands nowhere.
  void fail(const std::string& key, const std::string& message,
            const std::string& instead = {}) const {
    auto at = from_.find(key);
    if (at == from_.end()) at = from_.find(instead);
    errors_.push_back({at == from_.end() ? "" : at->second, key, key + " " + message});
  }

  /// False, with its error, when it is not.
  bool readable(const std::string& key, const std::string& path) const {
    std::error_code failure;
    const auto kind = std::filesystem::status(path, failure).type();
    if (kind == std::filesystem::file_type::directory) {
      fail(key, "names \"" + path + "\", which is a directory");
      return false;
    }
    errno = 0;
    const std::ifstream in(path, std::ios::binary);
    if (!in) {
      fail(key, "cannot read \"" + path + "\": " + std::generic_category().message(errno));
      return false;
    }
    return true;
  }

  /// Both are given: can a listener use them?
  void usable(const tls_section& tls) const {
    const bool cert = readable("tls.cert_file", tls.cert_file);
    const bool key = readable("tls.key_file", tls.key_file);
    if (!cert || !key) return;
    if (const auto good = net::check_tls_certificate(tls.cert_file); !good) {
      return fail("tls.cert_file", good.error().message);
    }
    if (const auto good = net::check_tls_key({tls.cert_file, tls.key_file}); !good) {
      fail("tls.key_file", good.error().message);
    }
  }

  void dialects(const std::vector<std::string>& names) const {
    const auto& known = net::dialect_names();
    for (const std::string& name : names) {
      if (std::ranges::find(known, name) != known.end()) continue;
      std::string all;
      for (const std::string& one : known) all += (all.empty() ? "" : ", ") + one;
      fail("dialects", "names \"" + name + "\", which is none of " + all +
                           did_you_mean(nearest_name(name, known)));
    }
    if (names.empty()) fail("dialects", "needs at least one, or nobody can connect");
  }

  void membership(const membership_section& m) const {
    static const std::vector<std::string> known{"roster", "postgres", "http"};
    for (const std::string& name : m.sources) {
      if (std::ranges::find(known, name) == known.end())
        fail("membership.sources", "names \"" + name +
                                       "\", which is none of roster, postgres, http" +
                                       did_you_mean(nearest_name(name, known)));
      else if (std::ranges::count(m.sources, name) > 1)
        return fail("membership.sources", "names \"" + name + "\" twice");
    }
    if (m.sources.empty()) fail("membership.sources", "needs at least one");
    const auto listed = [&](const char* name) {
      return std::ranges::find(m.sources, name) != m.sources.end();
    };
    const auto needed = [&](const char* source, const char* key, const std::string& value) {
      if (listed(source) && value.empty())
        fail(key, std::string("is needed where membership.sources lists \"") + source + '"',
             "membership.sources");
      if (!listed(source) && !value.empty())
        fail(key, std::string("is of no use: membership.sources does not list \"") + source + '"');
    };
    needed("postgres", "membership.postgres.dsn", m.postgres.dsn);
    if (listed("postgres") && !m.postgres.dsn.empty() && !is_dsn(m.postgres.dsn))
      fail("membership.postgres.dsn",
           "is no connection string: it is \"host=.. port=.. dbname=.. user=..\" or "
           "\"postgres://USER@HOST/DATABASE\"");
    needed("http", "membership.http.url", m.http.url);
    needed("http", "membership.http.secret", m.http.secret);
    if (!listed("postgres") && !m.postgres.notify.empty())
      fail("membership.postgres.notify",
           "is of no use: membership.sources does not list \"postgres\"");
  }

  /// What stands in no relation to a NATS server, or only half.
  void complete(const nats_section& nats) const {
    const auto pair = [&](const char* key, const std::string& value, const char* other,
                          const std::string& other_value) {
      if (!value.empty() && other_value.empty()) fail(key, std::string("needs ") + other);
    };
    pair("nats.tls_cert", nats.tls_cert, "nats.tls_key beside it", nats.tls_key);
    pair("nats.tls_key", nats.tls_key, "nats.tls_cert beside it", nats.tls_cert);
    pair("nats.user", nats.user, "nats.password beside it", nats.password);
    pair("nats.password", nats.password, "nats.user beside it", nats.user);
    if (!nats.creds_file.empty() && !nats.user.empty())
      fail("nats.creds_file", "cannot be used together with nats.user: NATS takes one of them");
    if (!nats.user.empty() && nats.url.find('@') != nats.url.npos)
      fail("nats.user", "cannot be used together with a user in nats.url");
    for (const auto& [key, file] : {std::pair{"nats.tls_ca", &nats.tls_ca},
                                    {"nats.tls_cert", &nats.tls_cert},
                                    {"nats.tls_key", &nats.tls_key},
                                    {"nats.creds_file", &nats.creds_file}}) {
      pair(key, *file, "nats.url: without it there is no NATS", nats.url);
      if (!file->empty()) readable(key, *file);
    }
    pair("nats.user", nats.user, "nats.url: without it there is no NATS", nats.url);
  }

 private:
  const origins& from_;
  config_errors& errors_;
};

}  // namespace

void validate(const config& c, const origins& from, config_errors& errors) {
  const checker check(from, errors);
  for (const std::string& path : c.auth.public_key_files) {
    check.readable("auth.public_key_files", path);
  }
  if (!c.auth.jwks_file.empty()) check.readable("auth.jwks_file", c.auth.jwks_file);
  if (!c.auth.api_keys_file.empty()) check.readable("auth.api_keys_file", c.auth.api_keys_file);
  if (!c.tls.cert_file.empty() && !c.tls.key_file.empty()) {
    check.usable(c.tls);
  } else if (!c.tls.cert_file.empty()) {
    check.readable("tls.cert_file", c.tls.cert_file);
    check.fail("tls.cert_file", "needs tls.key_file beside it");
  } else if (!c.tls.key_file.empty()) {
    check.readable("tls.key_file", c.tls.key_file);
    check.fail("tls.key_file", "needs tls.cert_file beside it");
  }

  if (const auto& ca = c.tls.client_ca_file; !ca.empty()) {
    if (c.tls.cert_file.empty()) {
      check.fail("tls.client_ca_file", "needs tls.cert_file and tls.key_file beside it");
    } else if (check.readable("tls.client_ca_file", ca)) {
      if (const auto good = net::check_tls_client_ca(ca); !good)
        check.fail("tls.client_ca_file", good.error().message);
    }
  }
  if (c.listen.proxy_protocol == net::proxy_protocol::require && c.listen.trusted_proxies.empty())
    check.fail("listen.proxy_protocol",
               "require needs listen.trusted_proxies: a PROXY header counts from there only, so "
               "nobody could connect");
  check.dialects(c.dialects);
  if (const auto formats = net::dialect_formats(c.dialects, c.sse.format); !formats)
    check.fail("sse.format", formats.error().message);
  compile_mappings(c, from, errors);
  check.complete(c.nats);
  check.membership(c.membership);

  const bool checks_tokens = !c.auth.hs256_secret.empty() || !c.auth.hs256_keys.empty() ||
                             !c.auth.public_key_files.empty() || !c.auth.jwks_file.empty() ||
                             !c.auth.api_keys_file.empty();
  if (errors.empty() && !checks_tokens && !c.auth.dev) {
    errors.push_back({"", "auth",
                      "no usable auth key: set auth.hs256_secret, auth.hs256_keys, "
                      "auth.public_key_files, auth.jwks_file or auth.api_keys_file (or, on your "
                      "own machine only, auth.dev = true)"});
  }
}

}  // namespace starling::app
