/// The table of every configuration key: name, type, place in `config`, documentation.
///
/// Reading, `--check-config`, environment names, `GET /admin/v1/config` and reload all follow this
/// one table, which is the reference as well; a new key is one line of it.
#pragma once

#include "apps/starlingd/config/config.hpp"
#include "apps/starlingd/config/config_value.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace starling::app {

struct key_spec {
  std::string name;         ///< `sse.heartbeat`
  std::string_view type;    ///< for people: `duration`, `size`, `list`, ...
  std::string_view doc;     ///< one line
  bool reloadable = false;  ///< SIGHUP applies a change
  bool secret = false;      ///< shown as `***`
  bool structured = false;  ///< a list or table: flags and variables may give it as TOML
  bool table = false;       ///< has entries of its own: `auth.hs256_keys.KID`

  /// Sets the key from a raw value. False, with the reasons in the context, leaves it alone.
  std::function<bool(const value_context&, const raw_value&, config&)> read;
  nlohmann::json (*show)(const config&) = nullptr;
  bool (*same)(const config&, const config&) = nullptr;
  void (*copy)(const config& from, config& to) = nullptr;

  /// `STARLING_SSE_HEARTBEAT`
  std::string variable() const;
};

/// Every key, grouped by section, in the order of the documentation.
std::span<const key_spec> schema();

/// The key of that exact name, or nullptr.
const key_spec* find_key(std::string_view name);
/// Whether some key starts with `name` and a dot: `sse`, `auth.claims`.
bool is_section(std::string_view name);
/// What a mistyped key or section most likely means: a name nearly the same, or a key of that
/// name in another section.
std::optional<std::string> suggest_name(std::string_view name);

/// Section -> key -> value, secrets as `***` (`""` when not set), the password of `nats.url` too.
nlohmann::json effective(const config& c);

}  // namespace starling::app
