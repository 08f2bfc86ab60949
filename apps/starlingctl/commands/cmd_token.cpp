#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/starlingctl/commands/commands.hpp"
#include "apps/starlingctl/output/token_text.hpp"
#include "apps/starlingd/config/units.hpp"
#include "net/auth/sign.hpp"
#include "net/base/clock.hpp"
#include "net/base/ids.hpp"

namespace starling::ctl {
namespace {

struct create_args {
  std::string user;
  std::string tenant;
  std::string rooms;
  std::string publish;
  std::string device;
  std::string ttl = "1h";
  std::string secret;
  std::string key_file;
  std::string kid;
  bool admin = false;
};

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
      refuse("--rooms: \"" + room +
             "\" can be no room: 1 to 128 characters of A-Z a-z 0-9 . _ ~ : / @ - and * for any");
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

json claims_of(const create_args& args, std::int64_t now_s) {
  if (!valid_user(args.user)) {
    refuse("--user must be 1 to 128 characters of A-Z a-z 0-9 . _ ~ @ : -");
  }
  if (!args.tenant.empty() && !valid_tenant(args.tenant)) {
    refuse("--tenant must be 1 to 64 characters of A-Z a-z 0-9 . _ ~ -");
  }
  if (!args.device.empty() && !valid_user(args.device)) {
    refuse("--device must be 1 to 128 characters of A-Z a-z 0-9 . _ ~ @ : -");
  }
  const auto ttl = app::parse_duration(args.ttl);
  if (!ttl || ttl->count() < 1000) {
    refuse("--ttl \"" + args.ttl +
           "\" is no duration of a second or more, such as 90s, 15m, 1h, 30d");
  }
  json claims{{"sub", args.user}};
  if (!args.tenant.empty()) claims["tenant"] = args.tenant;
  if (!args.rooms.empty()) claims["rooms"] = rooms_of(args.rooms);
  if (args.publish == "true") {
    claims["publish"] = true;
  } else if (!args.publish.empty()) {
    claims["publish"] = publish_rights_of(args.publish);
  }
  if (args.admin) claims["admin"] = true;
  if (!args.device.empty()) claims["device"] = args.device;
  claims["iat"] = now_s;
  claims["exp"] = now_s + std::chrono::duration_cast<std::chrono::seconds>(*ttl).count();
  return claims;
}

exit_code create(const invocation& inv, const create_args& args) {
  if (args.secret.empty() == args.key_file.empty()) {
    refuse(
        "token create takes either --secret SECRET (HS256) or --key FILE (a private key in PEM)");
  }
  const std::string claims = claims_of(args, wall_ms() / 1000).dump();
  const std::optional<std::string> kid =
      args.kid.empty() ? std::nullopt : std::make_optional(args.kid);
  const auto token = args.secret.empty() ? net::sign_with_pem(claims, args.key_file, kid)
                                         : net::sign_hs256(claims, args.secret, kid);
  if (!token) throw failure(exit_code::failed, token.error().message);
  print_answer(inv, json{{"token", token.value()}}, token.value() + "\n");
  return exit_code::ok;
}

exit_code inspect(const invocation& inv, std::string token) {
  if (token == "-") std::cin >> token;
  const auto decoded = net::decode_unverified(token);
  if (!decoded) throw failure(exit_code::failed, "this is no token: " + decoded.error().message);
  const json header = json::parse(decoded->header_json, nullptr, false);
  const json claims = json::parse(decoded->claims_json, nullptr, false);
  if (!header.is_object() || !claims.is_object()) {
    throw failure(exit_code::failed, "this is no token: header and claims must be JSON objects");
  }
  const auto problems = token_problems(header, claims, wall_ms());
  print_answer(inv, json{{"header", header}, {"claims", claims}, {"problems", problems}},
               render_token(header, claims, wall_ms()));
  return exit_code::ok;
}

void add_create(CLI::App& token, invocation& inv) {
  const auto args = std::make_shared<create_args>();
  CLI::App* command = token.add_subcommand("create", "Make a token and print it");
  command->add_option("--user", args->user, "Who the bearer is (claim sub)")
      ->required()
      ->type_name("USER");
  command->add_option("--tenant", args->tenant, "Isolation scope (default: default)")
      ->type_name("TENANT");
  command->add_option("--rooms", args->rooms, "Rooms allowed, joined when exact: a,b,team-*")
      ->type_name("ROOM,...");
  command->add_option("--publish", args->publish, "May publish to: room patterns, or true for all")
      ->type_name("PATTERN,...");
  command->add_flag("--admin", args->admin, "May administrate the cluster");
  command->add_option("--device", args->device, "A session replaces the device's earlier one")
      ->type_name("DEVICE");
  command->add_option("--ttl", args->ttl, "Valid for (default: 1h)")->type_name("DURATION");
  command->add_option("--secret", args->secret, "Sign with this HS256 secret")->type_name("SECRET");
  command->add_option("--key", args->key_file, "Sign with this private key (Ed25519, RSA, P-256)")
      ->type_name("FILE");
  command->add_option("--kid", args->kid, "Name of the key, for nodes with several")
      ->type_name("KID");
  on_run(*command, inv, [&inv, args] { return create(inv, *args); });
}

}  // namespace

void add_token_commands(CLI::App& root, invocation& inv) {
  CLI::App* token = root.add_subcommand("token", "Make tokens, or see what one says");
  token->require_subcommand(1);
  add_create(*token, inv);

  const auto text = std::make_shared<std::string>();
  CLI::App* look =
      token->add_subcommand("inspect", "Show what a token says, without checking its signature");
  look->add_option("TOKEN", *text, "The token; - reads it from standard input")
      ->required()
      ->type_name("");
  on_run(*look, inv, [&inv, text] { return inspect(inv, *text); });
}

}  // namespace starling::ctl
