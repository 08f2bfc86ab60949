#include <unistd.h>
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/starlingctl/commands/commands.hpp"
#include "apps/starlingctl/output/nats_config_text.hpp"
#include "apps/starlingd/config/config_load.hpp"
#include "apps/starlingd/config/config_start.hpp"

namespace starling::ctl {
namespace {

/// What `starlingd --check-config` says about this file in this environment.
exit_code check(const invocation& inv, const std::string& file) {
  app::load_request request;
  request.file = file;
  request.environ = environ;
  app::load_result loaded = app::load(request);
  app::check_start(loaded);
  json errors = json::array();
  for (const app::config_error& e : loaded.errors) {
    errors.push_back({{"where", e.place}, {"key", e.key}, {"message", e.message}});
    if (!inv.flags.json) note(e.str());
  }
  print_answer(inv, json{{"file", file}, {"ok", loaded.ok()}, {"errors", errors}},
               loaded.ok() ? file + ": ok\n" : "");
  return loaded.ok() ? exit_code::ok : exit_code::failed;
}

exit_code show(const invocation& inv) {
  const json answer = inv.connect().get("/admin/v1/config");
  print_answer(inv, answer, answer.dump(2) + "\n");
  return exit_code::ok;
}

/// What nats-server needs beside the nodes' own configuration.
void add_nats_config(CLI::App& root, invocation& inv) {
  const auto args = std::make_shared<nats_config_request>();
  CLI::App* command = root.add_subcommand(
      "nats-config", "Print users and permissions for nats-server: nodes, publishers, readers");
  command->add_option("--stream", args->stream, "nats.stream of the nodes (default: starling)")
      ->type_name("NAME");
  command->add_option("--partitions", args->partitions, "nats.partitions of the nodes (default: 1)")
      ->check(CLI::Range(1, 64))
      ->type_name("N");
  command->add_option("--account", args->account, "Name of the account (default: STARLING)")
      ->type_name("NAME");
  command
      ->add_option("--foreign-subject", args->foreign_subjects,
                   "A mapping's subject: nodes may hear it, publishers may publish on it")
      ->type_name("SUBJECT");
  command
      ->add_option("--foreign-stream", args->foreign_streams,
                   "A mapping's stream: nodes may read it by a durable consumer")
      ->type_name("STREAM");
  on_run(*command, inv, [args] {
    std::cout << nats_config_text(*args);
    return exit_code::ok;
  });
}

}  // namespace

void add_config_commands(CLI::App& root, invocation& inv) {
  add_nats_config(root, inv);

  CLI::App* config = root.add_subcommand("config", "Check a configuration file, or show a node's");
  config->require_subcommand(1);

  const auto file = std::make_shared<std::string>();
  CLI::App* check_file = config->add_subcommand(
      "check", "Say what is wrong in a node's configuration file, with line and suggestion");
  check_file->add_option("FILE", *file, "Configuration file (TOML)")->required()->type_name("");
  on_run(*check_file, inv, [&inv, file] { return check(inv, *file); });

  CLI::App* show_node =
      config->add_subcommand("show", "Show the configuration of the server, secrets masked");
  on_run(*show_node, inv, [&inv] { return show(inv); });
}

}  // namespace starling::ctl
