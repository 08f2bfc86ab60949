/// What `token create` was asked for, and the claims that say it.
#pragma once

#include <cstdint>
#include <string>

#include "apps/starlingctl/output/json_view.hpp"

namespace CLI {
class App;
}

namespace starling::ctl {

/// As typed; empty when not given.
struct token_request {
  std::string user;
  std::string tenant;
  std::string rooms;    ///< patterns with commas
  std::string publish;  ///< patterns with commas, or `true`
  std::string device;
  std::string issuer;
  std::string audience;  ///< one, or several with commas
  std::string user_claim;
  std::string tenant_claim;
  std::string ttl = "1h";
  std::string secret;
  std::string key_file;
  std::string kid;
  std::string config_file;
  bool admin = false;
  bool operates = false;  ///< over all tenants, whatever `tenant` is
};

/// --user, --tenant and what the user may: the same for tokens and API keys.
void add_bearer_options(CLI::App& command, token_request& request);

/// Fills what was not typed from the configuration that a node with this file would have in this
/// environment: issuer, audience, claim paths, and a secret unless a key is given.
/// Throws failure(failed) with what is wrong in the file, failure(usage) when it has no secret.
void fill_from_configuration(token_request& request);

/// Throws failure(usage) naming the option that cannot be.
json claims_of(const token_request& request, std::int64_t now_s);

}  // namespace starling::ctl
