/// Which server a command talks to, and with which token.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace starling::ctl {

/// The first node of `scripts/cluster`.
inline constexpr const char* default_server = "http://127.0.0.1:9081";

/// The flags every command accepts, as typed; empty when not given.
struct global_flags {
  std::string server;
  std::string context;
  std::string token;
  std::string ca;    ///< PEM file of whom to believe, besides the system's
  std::string cert;  ///< PEM file of our own certificate
  std::string key;   ///< PEM file of its private key
  bool insecure = false;
  bool json = false;
};

struct target {
  std::string server;  ///< URL without a slash at the end
  std::string token;   ///< may be empty
  std::string ca = {};
  std::string cert = {};  ///< shown to a server that demands one; empty: none
  std::string key = {};   ///< empty: in `cert`
  bool insecure = false;  ///< any certificate will do
};

/// Value of an environment variable, nullopt when it is unset or empty.
using environment = std::function<std::optional<std::string>(const char* name)>;
environment process_environment();

/// `[NAME] server = "...", token = "..."` of a contexts file. Throws failure(usage) naming file,
/// line and what is wrong; `file` is only the name to complain about.
std::map<std::string, target> parse_contexts(const std::string& toml_text, const std::string& file);

/// `$XDG_CONFIG_HOME/starling/contexts.toml`, by default under `~/.config`.
std::string contexts_file(const environment& env);

/// Flags win over the context, the context over the environment, that over the default.
/// Throws failure(usage) when the context does not exist or the file cannot be read.
target resolve(const global_flags& flags, const environment& env);

/// `host:port` becomes `http://host:port`; slashes at the end go. Throws failure(usage) for a URL
/// that is not http or https or has a path.
std::string server_url(std::string text);

}  // namespace starling::ctl
