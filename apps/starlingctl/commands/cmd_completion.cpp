#include <CLI/CLI.hpp>
#include <iostream>

#include "apps/starlingctl/commands/commands.hpp"
#include "apps/starlingctl/output/completion.hpp"

namespace starling::ctl {
namespace {

command_spec spec_of(const CLI::App& app) {
  command_spec spec{app.get_name(), app.get_description(), {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    if (!option->nonpositional()) continue;
    option_spec entry{{}, option->get_description(), option->get_items_expected_max() > 0};
    for (const std::string& name : option->get_lnames()) entry.names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) entry.names.push_back("-" + name);
    spec.options.push_back(std::move(entry));
  }
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    spec.commands.push_back(spec_of(*sub));
  }
  return spec;
}

}  // namespace

void add_completion_commands(CLI::App& root, invocation& inv) {
  CLI::App* completion = root.add_subcommand("completion", "Print a completion script for a shell");
  completion->require_subcommand(1);
  const auto add = [&](const char* shell, const char* help,
                       std::string (*script)(const command_spec&)) {
    CLI::App* command = completion->add_subcommand(shell, help);
    on_run(*command, inv, [&root, script] {
      std::cout << script(spec_of(root));
      return exit_code::ok;
    });
  };
  add("bash", "source <(starlingctl completion bash)", bash_completion);
  add("zsh", "source <(starlingctl completion zsh)", zsh_completion);
  add("fish", "starlingctl completion fish | source", fish_completion);
}

}  // namespace starling::ctl
