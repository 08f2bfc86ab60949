#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/starlingctl/commands/commands.hpp"
#include "apps/starlingctl/commands/token_claims.hpp"
#include "apps/starlingctl/output/token_text.hpp"
#include "net/auth/sign.hpp"
#include "net/base/clock.hpp"

namespace starling::ctl {
namespace {

exit_code create(const invocation& inv, token_request args) {
  if (!args.config_file.empty()) fill_from_configuration(args);
  if (args.secret.empty() == args.key_file.empty()) {
    throw failure(exit_code::usage,
                  "token create takes one of --secret SECRET (HS256), --key FILE (a private key in "
                  "PEM) and --config FILE with a secret in it");
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

void add_token_create(CLI::App& token, invocation& inv) {
  const auto args = std::make_shared<token_request>();
  CLI::App* command = token.add_subcommand("create", "Make a token and print it");
  add_bearer_options(*command, *args);
  command->add_option("--device", args->device, "A session replaces the device's earlier one")
      ->type_name("DEVICE");
  command->add_option("--issuer", args->issuer, "Claim iss, for nodes with auth.issuer")
      ->type_name("ISSUER");
  command->add_option("--audience", args->audience, "Claim aud, for nodes with auth.audience: a,b")
      ->type_name("NAME,...");
  command
      ->add_option("--claim-user", args->user_claim,
                   "Where the user stands, for nodes with auth.claims.user: user.id (default: sub)")
      ->type_name("PATH");
  command
      ->add_option("--claim-tenant", args->tenant_claim,
                   "Where the tenant stands, for nodes with auth.claims.tenant (default: tenant)")
      ->type_name("PATH");
  command
      ->add_option("--config", args->config_file,
                   "A node's configuration: its issuer, audience, claim paths and secret, unless "
                   "given here")
      ->type_name("FILE");
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
  add_token_create(*token, inv);

  const auto text = std::make_shared<std::string>();
  CLI::App* look =
      token->add_subcommand("inspect", "Show what a token says, without checking its signature");
  look->add_option("TOKEN", *text, "The token; - reads it from standard input")
      ->required()
      ->type_name("");
  on_run(*look, inv, [&inv, text] { return inspect(inv, *text); });
}

}  // namespace starling::ctl
