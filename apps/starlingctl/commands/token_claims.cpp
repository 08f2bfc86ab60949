#include "apps/starlingctl/commands/token_claims.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/starlingctl/client/failure.hpp"
#include "apps/starlingctl/output/text.hpp"
#include "apps/starlingd/config/config_load.hpp"
#include "net/base/ids.hpp"
#include "net/base/units.hpp"

namespace starling::ctl {
namespace {

[[noreturn]] void refuse(const std::string& message) { throw failure(exit_code::usage, message); }

/// `text` could name a room, a user or a session once its stars stand for something.
bool may_name(bool (*valid)(std::string_view), std::string text) {
  std::replace(text.begin(), text.end(), '*', 'x');
  return valid(text);
}

std::vector<std::string> rooms_of(const std::string& list) {
  auto rooms = split_commas(list);
  for (const auto& room : rooms) {
    if (!may_name(valid_room, room)) {
      refuse("--rooms: \"" + room + "\" can be no room: " + std::string(room_rule) +
             " and * for any");
    }
  }
  if (rooms.empty()) refuse("--rooms names no room; leave it out for none");
  return rooms;
}

std::vector<std::string> publish_rights_of(const std::string& list) {
  auto rights = split_commas(list);
  for (const auto& right : rights) {
    const auto names = [&](std::string_view kind) { return right.starts_with(kind); };
    const bool good = names("client:") ? may_name(valid_user, right.substr(7))
                      : names("user:") ? may_name(valid_user, right.substr(5))
                                       : may_name(valid_room, right);
    if (!good) {
      refuse("--publish: \"" + right +
             "\" can be no right: room patterns, user:PATTERN, client:PATTERN, or true for all; "
             "A-Z a-z 0-9 . _ ~ : / @ - and * for any");
    }
  }
  if (rights.empty()) refuse("--publish names nothing; leave it out for no right");
  return rights;
}

json audience_of(const std::string& list) {
  auto names = split_commas(list);
  if (names.empty()) refuse("--audience names nothing; leave it out for none");
  return names.size() == 1 ? json(names.front()) : json(names);
}

/// Puts a value where a node looks for it: `user.id` is `id` in the object `user`; a name that is
/// a URL is one name, dots and all.
void place(json& claims, const char* option, const std::string& path, const std::string& value) {
  const auto taken = [&] {
    refuse(std::string(option) + " \"" + path + "\": another claim is there already");
  };
  json* at = &claims;
  std::string rest = path;
  const bool url = path.find("://") != path.npos;
  for (auto dot = rest.find('.'); !url && dot != rest.npos; dot = rest.find('.')) {
    at = &(*at)[rest.substr(0, dot)];
    if (!at->is_null() && !at->is_object()) taken();
    rest.erase(0, dot + 1);
  }
  if (at->contains(rest)) taken();
  if (rest.empty()) refuse(std::string(option) + " \"" + path + "\" names no claim");
  (*at)[rest] = value;
}

}  // namespace

void add_bearer_options(CLI::App& command, token_request& request) {
  command.add_option("--user", request.user, "Who the bearer is (claim sub)")
      ->required()
      ->type_name("USER");
  command.add_option("--tenant", request.tenant, "Isolation scope (default: default)")
      ->type_name("TENANT");
  command.add_option("--rooms", request.rooms, "Rooms allowed, joined when exact: a,b,team-*")
      ->type_name("ROOM,...");
  command
      .add_option("--publish", request.publish, "May publish to: room patterns, or true for all")
      ->type_name("PATTERN,...");
  command.add_flag("--admin", request.admin,
                   "May administrate the tenant; without --tenant: as --operator");
  command.add_flag("--operator", request.operates,
                   "May administrate all tenants and the nodes themselves");
}

void fill_from_configuration(token_request& request) {
  app::load_request source;
  source.file = request.config_file;
  source.environ = environ;
  const app::load_result loaded = app::load(source);
  std::string errors;
  for (const app::config_error& e : loaded.errors) errors += (errors.empty() ? "" : "\n") + e.str();
  if (!loaded.ok()) throw failure(exit_code::failed, errors);

  const app::auth_section& auth = loaded.value.auth;
  const auto fill = [](std::string& typed, const std::string& configured) {
    if (typed.empty()) typed = configured;
  };
  fill(request.issuer, auth.issuer);
  if (!auth.audience.empty()) fill(request.audience, auth.audience.front());
  fill(request.user_claim, auth.claims.user);
  fill(request.tenant_claim, auth.claims.tenant);
  if (!request.secret.empty() || !request.key_file.empty()) return;
  if (const auto named = auth.hs256_keys.find(request.kid); named != auth.hs256_keys.end()) {
    request.secret = named->second;
  } else if (!auth.hs256_secret.empty()) {
    request.secret = auth.hs256_secret;
  } else if (!auth.hs256_keys.empty() && request.kid.empty()) {
    std::tie(request.kid, request.secret) = *auth.hs256_keys.begin();
  } else if (auth.dev) {
    request.secret = "dev";
  } else {
    refuse(request.config_file + " holds no secret to sign with; add --key FILE (a private key)");
  }
}

json claims_of(const token_request& request, std::int64_t now_s) {
  if (!valid_user(request.user)) {
    refuse("--user must be " + std::string(user_rule));
  }
  if (!request.tenant.empty() && !valid_tenant(request.tenant)) {
    refuse("--tenant must be " + std::string(tenant_rule));
  }
  if (!request.device.empty() && !valid_user(request.device)) {
    refuse("--device must be " + std::string(user_rule));
  }
  const auto ttl = parse_duration(request.ttl);
  if (!ttl || ttl->count() < 1000) {
    refuse("--ttl \"" + request.ttl +
           "\" is no duration of a second or more, such as 90s, 15m, 1h, 30d");
  }
  json claims = json::object();
  if (!request.rooms.empty()) claims["rooms"] = rooms_of(request.rooms);
  if (request.publish == "true") {
    claims["publish"] = true;
  } else if (!request.publish.empty()) {
    claims["publish"] = publish_rights_of(request.publish);
  }
  if (request.admin) claims["admin"] = true;
  if (request.operates) claims["admin"] = "*";
  if (!request.device.empty()) claims["device"] = request.device;
  if (!request.issuer.empty()) claims["iss"] = request.issuer;
  if (!request.audience.empty()) claims["aud"] = audience_of(request.audience);
  claims["iat"] = now_s;
  claims["exp"] = now_s + std::chrono::duration_cast<std::chrono::seconds>(*ttl).count();
  const auto path_or = [](const std::string& path, const char* usual) {
    return path.empty() ? std::string(usual) : path;
  };
  place(claims, "--claim-user", path_or(request.user_claim, "sub"), request.user);
  if (!request.tenant.empty()) {
    place(claims, "--claim-tenant", path_or(request.tenant_claim, "tenant"), request.tenant);
  }
  return claims;
}

}  // namespace starling::ctl
