#include "apps/starlingctl/client/options.hpp"

#include <toml++/toml.h>
#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

#include "apps/starlingctl/client/failure.hpp"
#include "net/base/nearest_name.hpp"

namespace starling::ctl {
namespace {

[[noreturn]] void refuse(const std::string& message) { throw failure(exit_code::usage, message); }

std::string place_in(const std::string& file, const toml::source_region& at) {
  return file + ":" + std::to_string(at.begin.line);
}

std::string context_text(const toml::table& table, const char* key, const std::string& at) {
  const toml::node* node = table.get(key);
  if (!node) return {};
  const auto text = node->value<std::string>();
  if (!node->is_string() || !text) refuse(at + ": " + key + " must be text in quotes");
  return *text;
}

target read_context(const toml::table& table, const std::string& name, const std::string& file) {
  constexpr std::array<std::string_view, 5> known{"server", "token", "ca", "cert", "key"};
  const std::string at = place_in(file, table.source());
  for (const auto& [key, value] : table) {
    if (std::find(known.begin(), known.end(), key.str()) == known.end()) {
      refuse(place_in(file, value.source()) + ": unknown key \"" + std::string(key.str()) +
             "\" in context [" + name + "]; known are server, token, ca, cert and key");
    }
  }
  target context{context_text(table, "server", at), context_text(table, "token", at),
                 context_text(table, "ca", at), context_text(table, "cert", at),
                 context_text(table, "key", at)};
  if (context.server.empty()) {
    refuse(at + ": context [" + name + "] needs server = \"http://HOST:PORT\"");
  }
  return context;
}

target named_context(const std::string& name, const environment& env) {
  const std::string file = contexts_file(env);
  std::ifstream in(file);
  if (!in) {
    refuse("--context " + name + ": cannot read " + file + "; it should hold\n[" + name +
           "]\nserver = \"http://HOST:PORT\"\ntoken = \"...\"");
  }
  std::ostringstream text;
  text << in.rdbuf();
  const auto contexts = parse_contexts(text.str(), file);
  const auto found = contexts.find(name);
  if (found != contexts.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [known, context] : contexts) names.push_back(known);
  refuse("no context \"" + name + "\" in " + file + did_you_mean(nearest_name(name, names)));
}

}  // namespace

environment process_environment() {
  return [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    if (!value || !*value) return std::nullopt;
    return value;
  };
}

std::map<std::string, target> parse_contexts(const std::string& toml_text,
                                             const std::string& file) {
  std::map<std::string, target> contexts;
  try {
    for (const auto& [name, node] : toml::parse(toml_text, file)) {
      const std::string key(name.str());
      if (!node.is_table()) {
        refuse(place_in(file, node.source()) + ": \"" + key +
               "\" is not in a context; begin with [" + "NAME]");
      }
      contexts[key] = read_context(*node.as_table(), key, file);
    }
  } catch (const toml::parse_error& e) {
    refuse(place_in(file, e.source()) + ": " + std::string(e.description()));
  }
  return contexts;
}

std::string contexts_file(const environment& env) {
  const auto config = env("XDG_CONFIG_HOME");
  return (config ? *config : env("HOME").value_or(".") + "/.config") + "/starling/contexts.toml";
}

target resolve(const global_flags& flags, const environment& env) {
  if (!flags.context.empty() && !flags.server.empty()) {
    refuse("--server and --context both name a server; give one of them");
  }
  target chosen;
  if (!flags.context.empty()) chosen = named_context(flags.context, env);
  if (!flags.server.empty()) chosen.server = flags.server;
  if (chosen.server.empty()) chosen.server = env("STARLINGCTL_SERVER").value_or(default_server);
  if (!flags.token.empty()) chosen.token = flags.token;
  if (chosen.token.empty()) chosen.token = env("STARLINGCTL_TOKEN").value_or("");
  if (!flags.ca.empty()) chosen.ca = flags.ca;
  if (chosen.ca.empty()) chosen.ca = env("STARLINGCTL_CA").value_or("");
  if (!flags.cert.empty()) chosen.cert = flags.cert;
  if (chosen.cert.empty()) chosen.cert = env("STARLINGCTL_CERT").value_or("");
  if (!flags.key.empty()) chosen.key = flags.key;
  if (chosen.key.empty()) chosen.key = env("STARLINGCTL_KEY").value_or("");
  if (chosen.cert.empty() && !chosen.key.empty())
    refuse("a key without a certificate: give --cert (STARLINGCTL_CERT, cert in a context) too");
  chosen.insecure = flags.insecure;
  chosen.server = server_url(chosen.server);
  return chosen;
}

std::string server_url(std::string text) {
  const std::string typed = text;
  if (text.find("://") == text.npos) text = "http://" + text;
  while (text.ends_with('/')) text.pop_back();
  const auto host = text.find("://") + 3;
  const bool scheme_ok = text.starts_with("http://") || text.starts_with("https://");
  if (!scheme_ok || host >= text.size() || text.find('/', host) != text.npos) {
    refuse("server \"" + typed + "\" is not of the form http://HOST:PORT");
  }
  return text;
}

}  // namespace starling::ctl
