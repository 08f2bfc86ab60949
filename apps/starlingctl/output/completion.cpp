#include "apps/starlingctl/output/completion.hpp"

#include <functional>

namespace starling::ctl {
namespace {

/// Calls `visit` with the path (`token create`, empty for the root) of each command, parents first.
void walk(const command_spec& command, const std::string& path,
          const std::function<void(const std::string&, const command_spec&)>& visit) {
  visit(path, command);
  for (const command_spec& sub : command.commands) {
    walk(sub, path.empty() ? sub.name : path + " " + sub.name, visit);
  }
}

/// In single quotes, for all three shells.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

/// `--server|--token|...`: the flags whose next word is their value.
std::string value_flags(const command_spec& root) {
  std::string flags;
  walk(root, "", [&](const std::string&, const command_spec& command) {
    for (const option_spec& option : command.options) {
      if (!option.takes_value) continue;
      for (const std::string& name : option.names) flags += (flags.empty() ? "" : "|") + name;
    }
  });
  return flags;
}

/// The case patterns of all command paths but the root.
std::string known_paths(const command_spec& root) {
  std::string paths;
  walk(root, "", [&](const std::string& path, const command_spec&) {
    if (!path.empty()) paths += (paths.empty() ? "" : "|") + quoted(path);
  });
  return paths;
}

std::vector<option_spec> options_of(const command_spec& command, const command_spec& root) {
  std::vector<option_spec> options = command.options;
  if (&command == &root) return options;
  for (const option_spec& option : root.options) {
    bool own = false;
    for (const option_spec& mine : command.options) own = own || mine.names == option.names;
    if (!own) options.push_back(option);
  }
  return options;
}

/// Sets `cmd` to the path of commands typed so far; the words are read by `$word`. bash and zsh.
std::string path_loop(const command_spec& root) {
  return "    if [[ -n $skip ]]; then skip=; continue; fi\n"
         "    case $word in\n"
         "      " +
         value_flags(root) +
         ") skip=1 ;;\n"
         "      -*) ;;\n"
         "      *) case \"${cmd:+$cmd }$word\" in\n"
         "           " +
         known_paths(root) +
         ") cmd=\"${cmd:+$cmd }$word\" ;;\n"
         "         esac ;;\n"
         "    esac\n";
}

/// zsh splits `name:description` at the first colon that has no backslash.
std::string zsh_entry(const std::string& name, const std::string& help) {
  std::string out;
  for (const char c : name) out += c == ':' ? std::string("\\:") : std::string(1, c);
  return quoted(out + ":" + help);
}

}  // namespace

std::string bash_completion(const command_spec& root) {
  std::string out = "# bash completion for " + root.name + ": source <(" + root.name +
                    " completion bash)\n_" + root.name +
                    "() {\n"
                    "  local cmd= skip= word words i\n"
                    "  COMPREPLY=()\n"
                    "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
                    "    word=${COMP_WORDS[i]}\n" +
                    path_loop(root) +
                    "  done\n"
                    "  [[ -n $skip ]] && return\n"
                    "  case $cmd in\n";
  walk(root, "", [&](const std::string& path, const command_spec& command) {
    out += "    " + quoted(path) + ") words='";
    for (const command_spec& sub : command.commands) out += sub.name + " ";
    for (const option_spec& option : options_of(command, root)) {
      for (const std::string& name : option.names) out += name + " ";
    }
    out.back() = '\'';
    out += " ;;\n";
  });
  return out +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
         "}\n"
         "complete -o default -F _" +
         root.name + " " + root.name + "\n";
}

std::string zsh_completion(const command_spec& root) {
  std::string out = "#compdef " + root.name + "\n# zsh completion for " + root.name +
                    ": source <(" + root.name + " completion zsh)\n_" + root.name +
                    "() {\n"
                    "  local cmd= skip= word\n"
                    "  local -a entries flags\n"
                    "  for word in \"${(@)words[2,CURRENT-1]}\"; do\n" +
                    path_loop(root) +
                    "  done\n"
                    "  if [[ -n $skip ]]; then _files; return; fi\n"
                    "  case $cmd in\n";
  walk(root, "", [&](const std::string& path, const command_spec& command) {
    out += "    " + quoted(path) + ")\n      entries=(";
    for (const command_spec& sub : command.commands) {
      out += "\n        " + zsh_entry(sub.name, sub.help);
    }
    out += ")\n      flags=(";
    for (const option_spec& option : options_of(command, root)) {
      for (const std::string& name : option.names) {
        out += "\n        " + zsh_entry(name, option.help);
      }
    }
    out += ") ;;\n";
  });
  return out +
         "  esac\n"
         "  if [[ $words[CURRENT] == -* ]]; then\n"
         "    _describe -o option flags\n"
         "  elif (( $#entries )); then\n"
         "    _describe command entries\n"
         "  else\n"
         "    _files\n"
         "  fi\n"
         "}\n"
         "compdef _" +
         root.name + " " + root.name + "\n";
}

std::string fish_completion(const command_spec& root) {
  const std::string at = "__" + root.name + "_command";
  std::string out = "# fish completion for " + root.name + ": " + root.name +
                    " completion fish | source\n"
                    "function " +
                    at +
                    "\n"
                    "  set -l cmd\n"
                    "  set -l skip\n"
                    "  for word in (commandline -opc)[2..-1]\n"
                    "    if set -q skip[1]; set skip; continue; end\n"
                    "    switch $word\n";
  std::string flags = value_flags(root);
  for (std::size_t bar = 0; (bar = flags.find('|', bar)) != flags.npos;) flags[bar] = ' ';
  out += "      case " + flags +
         "\n        set skip 1\n"
         "      case '-*'\n"
         "      case '*'\n"
         "        switch (string join ' ' $cmd $word)\n"
         "          case";
  walk(root, "", [&](const std::string& path, const command_spec&) {
    if (!path.empty()) out += " " + quoted(path);
  });
  out +=
      "\n            set -a cmd $word\n"
      "        end\n"
      "    end\n"
      "  end\n"
      "  string join ' ' $cmd\n"
      "end\n";
  walk(root, "", [&](const std::string& path, const command_spec& command) {
    const std::string begin = "complete -c " + root.name;
    const std::string here = " -n 'test \"$(" + at + ")\" = \"" + path + "\"'";
    for (const command_spec& sub : command.commands) {
      out += begin + " -f" + here + " -a " + sub.name + " -d " + quoted(sub.help) + "\n";
    }
    for (const option_spec& option : command.options) {
      // Options of the root hold everywhere, so they carry no condition.
      out += begin + (path.empty() ? "" : here);
      for (const std::string& name : option.names) {
        out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      }
      out += std::string(option.takes_value ? " -r" : "") + " -d " + quoted(option.help) + "\n";
    }
  });
  return out;
}

}  // namespace starling::ctl
