/// Where the configuration comes from: file, environment, `--set`, flags, in rising precedence.
#pragma once

#include "apps/starlingd/config/config.hpp"
#include "apps/starlingd/config/config_value.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace starling::app {

/// What the command line and the process give.
struct load_request {
  std::optional<std::string> file{};     ///< `--config`
  const char* const* environ = nullptr;  ///< `NAME=value`, ended by nullptr; nullptr = none
  std::vector<std::string> sets{};       ///< `--set`, each as typed: `sse.heartbeat=5s`
  std::optional<std::string> node_id{};  ///< `--node-id`
  std::optional<std::string> listen{};   ///< `--listen`
  std::optional<std::string> admin{};    ///< `--admin`
  std::optional<std::string> nats{};     ///< `--nats`
};

/// Which source set a key: key -> `node.toml:5`, `STARLING_NODE_ID`, `--set`, `--listen`.
using origins = std::map<std::string, std::string, std::less<>>;

struct [[nodiscard]] load_result {
  config value;          ///< of use only when `ok()`
  config_errors errors;  ///< all of them, in the order of the sources
  origins from;          ///< keys that are not at their default
  config file_value;     ///< what the file alone says, for `reload_notes`
  origins file_from;

  bool ok() const noexcept { return errors.empty(); }
};

/// Reads, merges and validates (`config_validate.hpp`). Reads files; throws nothing of its own.
/// Relative paths in the configuration are relative to the working directory.
load_result load(const load_request& request);

/// What a reload will not do, one sentence each with the key and its place: keys that need a
/// restart, and changes in the file that a variable or flag overrides.
std::vector<std::string> reload_notes(const load_result& before, const load_result& after);

/// What a reload does: `current` takes over the reloadable keys of `fresh`, and remembers what the
/// file says now, so that the next reload tells of what has changed since this one.
void apply_reload(load_result& current, load_result fresh);

/// This process's node id when none is configured: `HOST-RANDOM`, the same at every call.
const std::string& default_node_id();

}  // namespace starling::app
