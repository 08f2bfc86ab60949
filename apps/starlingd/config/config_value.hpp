/// One value on its way into the configuration: where it was found, and how it becomes a type.
#pragma once

#include "apps/starlingd/config/config.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace starling::app {

/// Something wrong in the configuration. Never carries the value of a secret.
struct config_error {
  std::string place;    ///< `node.toml:5`, `STARLING_SSE_HEARTBEAT`, `--listen`; may be empty
  std::string key;      ///< `sse.heartbeat`; empty when no single key is to blame
  std::string message;  ///< what is wrong and what would be right

  /// `node.toml:5: unknown key "sse.hartbeat"; did you mean "sse.heartbeat"?`
  std::string str() const { return place.empty() ? message : place + ": " + message; }
};
using config_errors = std::vector<config_error>;

struct raw_entry;

/// A value as its source gives it, before any key claims it. Monostate: a TOML date or time.
struct raw_value {
  using list = std::vector<raw_value>;
  using table = std::vector<raw_entry>;

  std::variant<std::monostate, bool, std::int64_t, double, std::string, list, table> data;
  std::string place;
  /// The characters typed, when they come from a flag or a variable: `--set node.id=007` is text
  /// for a text key although TOML reads a number.
  std::optional<std::string> spelled;
};

struct raw_entry {
  std::string key;
  raw_value value;
};

/// The key a value is read for, and where complaints go.
struct value_context {
  std::string key;
  bool secret = false;
  config_errors& errors;

  /// `KEY PROBLEM`, at the value. Returns false, so that readers can `return fail(...)`.
  bool fail(const raw_value& at, std::string_view problem) const;
  /// `KEY expects EXPECTED, got VALUE`; the value of a secret is named by its type only.
  bool expects(const raw_value& at, std::string_view expected) const;
};

/// Sets `out` from `from`, or leaves it alone, complains and returns false. A list may also be one
/// text (from a flag or variable: separated by commas). A table of texts adds to what is there.
bool read_value(const value_context& in, const raw_value& from, bool& out);
bool read_value(const value_context& in, const raw_value& from, std::uint64_t& out);
bool read_value(const value_context& in, const raw_value& from, double& out);
bool read_value(const value_context& in, const raw_value& from, byte_count& out);
bool read_value(const value_context& in, const raw_value& from, std::chrono::milliseconds& out);
bool read_value(const value_context& in, const raw_value& from, std::string& out);
bool read_value(const value_context& in, const raw_value& from, std::vector<std::string>& out);
bool read_value(const value_context& in, const raw_value& from,
                std::map<std::string, std::string>& out);
bool read_value(const value_context& in, const raw_value& from, endpoint& out);
bool read_value(const value_context& in, const raw_value& from, session_policy& out);
bool read_value(const value_context& in, const raw_value& from, net::tls_version& out);
bool read_value(const value_context& in, const raw_value& from, net::proxy_protocol& out);
bool read_value(const value_context& in, const raw_value& from, outbox_policy& out);
bool read_value(const value_context& in, const raw_value& from, log::level& out);
bool read_value(const value_context& in, const raw_value& from, log_format& out);
bool read_value(const value_context& in, const raw_value& from, token_algorithm& out);
bool read_value(const value_context& in, const raw_value& from, mapping_profile& out);
bool read_value(const value_context& in, const raw_value& from,
                std::vector<net::written_rule>& out);
bool read_value(const value_context& in, const raw_value& from, net::mapping_tables& out);

/// A value as `GET /admin/v1/config` shows it: numbers as numbers, durations and sizes as text.
nlohmann::json show_value(bool v);
nlohmann::json show_value(std::uint64_t v);
nlohmann::json show_value(double v);
nlohmann::json show_value(byte_count v);
nlohmann::json show_value(std::chrono::milliseconds v);
nlohmann::json show_value(const std::string& v);
nlohmann::json show_value(const std::vector<std::string>& v);
nlohmann::json show_value(const std::map<std::string, std::string>& v);
nlohmann::json show_value(const endpoint& v);
nlohmann::json show_value(session_policy v);
nlohmann::json show_value(net::tls_version v);
nlohmann::json show_value(net::proxy_protocol v);
nlohmann::json show_value(outbox_policy v);
nlohmann::json show_value(log::level v);
nlohmann::json show_value(log_format v);
nlohmann::json show_value(token_algorithm v);
nlohmann::json show_value(mapping_profile v);
nlohmann::json show_value(const std::vector<net::written_rule>& v);
nlohmann::json show_value(const net::mapping_tables& v);

/// `HOST:PORT` or `[IPV6]:PORT`; nullopt for anything else.
std::optional<endpoint> parse_endpoint(std::string_view text);
std::string format_endpoint(const endpoint& at);

}  // namespace starling::app
