#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/starlingctl/commands/commands.hpp"
#include "apps/starlingctl/commands/token_claims.hpp"
#include "apps/starlingctl/output/table.hpp"
#include "apps/starlingctl/output/text.hpp"
#include "net/auth/api_keys.hpp"
#include "net/base/clock.hpp"

namespace starling::ctl {
namespace {

/// The entry of the file, as people and programs see it.
json shown(const net::api_key& key) {
  json out = {{"id", key.id}, {"user", key.holder.user.str()}, {"tenant", key.holder.tenant.str()}};
  out["rooms"] = key.holder.rooms;
  out["publish"] = key.holder.publish_all ? json(true) : json(key.holder.publish);
  out["admin"] = key.holder.admin;
  out["operator"] = key.holder.is_operator;
  out["created"] = key.created_s;
  return out;
}

/// What a token of such a user would say, without its times.
std::string claims_text(const token_request& request) {
  json claims = claims_of(request, wall_ms() / 1000);
  claims.erase("iat");
  claims.erase("exp");
  return claims.dump();
}

void edit(const std::string& file,
          const std::function<result<void>(std::vector<net::api_key>&)>& change) {
  const auto done = net::edit_api_keys(file, change);
  if (done) return;
  throw failure(done.error().code == errc::not_found ? exit_code::not_found : exit_code::failed,
                done.error().message);
}

exit_code create(const invocation& inv, const std::string& file, const token_request& request) {
  const auto claims = claims_text(request);
  const auto fresh = net::make_api_key();
  edit(file, [&](std::vector<net::api_key>& keys) -> result<void> {
    auto entry = net::make_api_key_entry(fresh, wall_ms() / 1000, claims);
    if (!entry) return entry.error();
    keys.push_back(std::move(*entry));
    return {};
  });
  print_answer(inv, json{{"id", fresh.id}, {"key", fresh.text}}, fresh.text + "\n");
  note("key " + fresh.id + " is shown this once; a running node knows it after SIGHUP");
  return exit_code::ok;
}

exit_code list(const invocation& inv, const std::string& file) {
  const auto keys = net::read_api_keys(file);
  if (!keys) throw failure(exit_code::failed, keys.error().message);
  json rows = json::array();
  table text({"ID", "USER", "TENANT", "ROOMS", "PUBLISH", "ADMIN", "CREATED"});
  for (const auto& key : *keys) {
    rows.push_back(shown(key));
    const auto& holder = key.holder;
    text.add({key.id, holder.user.str(), holder.tenant.str(), joined(holder.rooms),
              holder.publish_all ? "all" : joined(holder.publish),
              holder.is_operator ? "operator"
              : holder.admin     ? "yes"
                                 : "no",
              utc_time(key.created_s * 1000)});
  }
  print_answer(inv, json{{"keys", rows}}, text.str());
  return exit_code::ok;
}

exit_code revoke(const invocation& inv, const std::string& file, const std::string& id) {
  edit(file, [&](std::vector<net::api_key>& keys) -> result<void> {
    const auto gone = std::erase_if(keys, [&](const net::api_key& key) { return key.id == id; });
    if (gone == 0) return error{errc::not_found, "no key " + id + " in " + file};
    return {};
  });
  print_answer(inv, json{{"id", id}, {"revoked", true}},
               "revoked " + id + "; a running node knows it after SIGHUP\n");
  return exit_code::ok;
}

void add_file_option(CLI::App& command, std::string& file) {
  command.add_option("--file", file, "The nodes' auth.api_keys_file")
      ->required()
      ->type_name("FILE");
}

void add_key_create(CLI::App& key, invocation& inv) {
  const auto args = std::make_shared<token_request>();
  const auto file = std::make_shared<std::string>();
  CLI::App* command = key.add_subcommand("create", "Make an API key and print it, once");
  add_file_option(*command, *file);
  add_bearer_options(*command, *args);
  on_run(*command, inv, [&inv, args, file] { return create(inv, *file, *args); });
}

}  // namespace

void add_key_commands(CLI::App& root, invocation& inv) {
  CLI::App* key = root.add_subcommand("key", "Make, list and revoke API keys");
  key->require_subcommand(1);
  add_key_create(*key, inv);

  const auto file = std::make_shared<std::string>();
  CLI::App* ls = key->add_subcommand("ls", "List the keys of a file; none is shown");
  add_file_option(*ls, *file);
  on_run(*ls, inv, [&inv, file] { return list(inv, *file); });

  const auto id = std::make_shared<std::string>();
  CLI::App* gone = key->add_subcommand("revoke", "Take a key out of a file");
  add_file_option(*gone, *file);
  gone->add_option("ID", *id, "The key's id, as key ls shows it")->required()->type_name("");
  on_run(*gone, inv, [&inv, file, id] { return revoke(inv, *file, *id); });
}

}  // namespace starling::ctl
