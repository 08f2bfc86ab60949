/// Shell completion made from the tree of commands. Pure.
#pragma once

#include <string>
#include <vector>

namespace starling::ctl {

struct option_spec {
  std::vector<std::string> names;  ///< with dashes: `--event`, `-h`
  std::string help;
  bool takes_value = false;
};

/// One command and what may follow it.
struct command_spec {
  std::string name;
  std::string help;
  std::vector<option_spec> options;
  std::vector<command_spec> commands;
};

/// Scripts to be sourced by the shell. Options of `root` are offered everywhere.
std::string bash_completion(const command_spec& root);
std::string zsh_completion(const command_spec& root);
std::string fish_completion(const command_spec& root);

}  // namespace starling::ctl
