/// `starlingctl`: administrates a cluster through the admin listener of any node.
#include <CLI/CLI.hpp>
#include <iostream>
#include <string>
#include <vector>

#include "apps/starlingctl/commands/commands.hpp"
#include "net/base/nearest_name.hpp"

namespace starling::ctl {
namespace {

void add_global_flags(CLI::App& root, global_flags& flags) {
  root.add_option("--server", flags.server,
                  "Admin address of any node (STARLINGCTL_SERVER; default " +
                      std::string(default_server) + ")")
      ->type_name("URL");
  root.add_option("--context", flags.context,
                  "Server and token from [NAME] in ~/.config/starling/contexts.toml")
      ->type_name("NAME");
  root.add_option("--token", flags.token, "Token with admin permission (STARLINGCTL_TOKEN)")
      ->type_name("TOKEN");
  root.add_option("--ca", flags.ca, "PEM certificate to believe, for https (STARLINGCTL_CA)")
      ->type_name("FILE");
  root.add_option("--cert", flags.cert,
                  "PEM certificate to show to a server that demands one (STARLINGCTL_CERT)")
      ->type_name("FILE");
  root.add_option("--key", flags.key,
                  "PEM private key of --cert, when it is not in the same file (STARLINGCTL_KEY)")
      ->type_name("FILE");
  root.add_flag("--insecure", flags.insecure, "https: take any certificate");
  root.add_flag("--json", flags.json, "Answer as JSON on standard output");
  root.set_version_flag("--version", "starlingctl " STARLING_VERSION, "Say the version");
}

void add_commands(CLI::App& root, invocation& inv) {
  add_node_commands(root, inv);
  add_room_commands(root, inv);
  add_session_commands(root, inv);
  add_publish_command(root, inv);
  add_subscribe_command(root, inv);
  add_drain_command(root, inv);
  add_member_commands(root, inv);
  add_mapping_commands(root, inv);
  add_stats_commands(root, inv);
  add_top_command(root, inv);
  add_doctor_command(root, inv);
  add_token_commands(root, inv);
  add_key_commands(root, inv);
  add_config_commands(root, inv);
  add_completion_commands(root, inv);
}

/// The deepest command that was named, for its part of the usage.
const CLI::App& named_command(const CLI::App& root) {
  const CLI::App* command = &root;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  return *command;
}

std::vector<std::string> command_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(sub->get_name());
  }
  return names;
}

/// What is wrong where a command is needed: an unknown word, or none at all.
std::string missing_command(const CLI::App& root, const CLI::App& command) {
  const auto names = command_names(command);
  // Words that no command took end up at the root.
  for (const std::string& word : root.remaining(true)) {
    if (word.starts_with('-')) continue;
    const auto near = nearest_name(word, names);
    return "unknown command \"" + word + "\"" +
           (near || &command == &root ? did_you_mean(near) : "; known are " + joined(names));
  }
  return &command == &root ? "a command is needed"
                           : command.get_name() + " needs one of " + joined(names);
}

int usage_error(const CLI::App& root, const CLI::ParseError& error) {
  const CLI::App& command = named_command(root);
  std::string path;
  for (const CLI::App* at = &command; at; at = at->get_parent()) {
    path = at->get_name() + (path.empty() ? "" : " ") + path;
  }
  const bool needs_command = command.get_require_subcommand_min() > 0;
  note("starlingctl: " + (needs_command ? missing_command(root, command) : error.what()));
  note("see: " + path + " --help");
  return static_cast<int>(exit_code::usage);
}

int run(int argc, char** argv) {
  CLI::App root{
      "Administrates a Starling cluster through the admin listener of any node.\n"
      "Messages do not arrive? Begin with: starlingctl doctor --user USER --room ROOM",
      "starlingctl"};
  root.fallthrough();  // global flags are understood after the command as well
  root.require_subcommand(1);
  root.footer(
      "The flags --server, --context, --token and --json may stand before or after the command.\n"
      "Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 unreachable, 5 not authorised");
  invocation inv;
  add_global_flags(root, inv.flags);
  add_commands(root, inv);
  if (argc < 2) {
    std::cerr << root.help();
    return static_cast<int>(exit_code::usage);
  }
  try {
    root.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return root.exit(help);
  } catch (const CLI::ParseError& error) {
    return usage_error(root, error);
  }
  try {
    return static_cast<int>(inv.run());
  } catch (const failure& e) {
    note("starlingctl: " + std::string(e.what()));
    return static_cast<int>(e.code());
  }
}

}  // namespace
}  // namespace starling::ctl

int main(int argc, char** argv) { return starling::ctl::run(argc, argv); }
