#include "apps/starlingd/config/config_value.hpp"

#include "net/base/units.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <span>
#include <utility>

namespace starling::app {
namespace {

using namespace std::string_view_literals;

// Spellings, in the order of the enumerators.
constexpr std::array session_policies{"evict-oldest"sv, "reject-new"sv};
constexpr std::array tls_versions{"1.2"sv, "1.3"sv};
constexpr std::array outbox_policies{"disconnect"sv, "drop-oldest"sv};
constexpr std::array proxy_protocols{"off"sv, "accept"sv, "require"sv};
constexpr std::array log_levels{"trace"sv, "debug"sv, "info"sv, "warn"sv, "error"sv};
constexpr std::array log_formats{"text"sv, "json"sv};
constexpr std::array token_algorithms{"HS256"sv, "EdDSA"sv, "RS256"sv, "ES256"sv};
constexpr std::array mapping_profiles{"none"sv, "fechatter"sv};

constexpr auto number_words = "a whole number (not negative)"sv;
constexpr auto rate_words = "a number (not negative)"sv;
constexpr auto duration_words = R"(a duration such as "30s", "500ms", "5m", "2h" or "1d")"sv;
constexpr auto size_words = R"(a size such as "64KiB", "1MiB", "1MB" or 512 (bytes))"sv;
constexpr auto endpoint_words = R"(HOST:PORT such as "127.0.0.1:8080" or "[::1]:8080")"sv;

std::string in_quotes(std::string_view text) {
  constexpr std::size_t shown = 60;  // enough to recognise it; a message stays one line
  std::string out = "\"";
  for (const char c : text.substr(0, shown)) out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  return out.append(text.size() > shown ? "...\"" : "\"");
}

std::string kind_of(const raw_value& from) {
  constexpr std::array names{"a date or time"sv, "true or false"sv, "a number"sv, "a number"sv,
                             "text"sv,           "a list"sv,        "a table"sv};
  return std::string(names[from.data.index()]);
}

std::string describe(const raw_value& from, bool secret) {
  if (secret) return kind_of(from);
  if (from.spelled) return in_quotes(*from.spelled);
  if (const auto* v = std::get_if<bool>(&from.data)) return *v ? "true" : "false";
  if (const auto* v = std::get_if<std::int64_t>(&from.data)) return std::to_string(*v);
  if (const auto* v = std::get_if<double>(&from.data)) return nlohmann::json(*v).dump();
  if (const auto* v = std::get_if<std::string>(&from.data)) return in_quotes(*v);
  return kind_of(from);
}

/// The text of a TOML string, or whatever was typed in a flag or variable.
const std::string* text_of(const raw_value& from) {
  if (const auto* text = std::get_if<std::string>(&from.data)) return text;
  return from.spelled ? &*from.spelled : nullptr;
}

/// The number in the text of a variable; a TOML string is not a number.
template <class Number>
std::optional<Number> typed_number(const raw_value& from) {
  if (!from.spelled) return std::nullopt;
  Number n{};
  const char* const end = from.spelled->data() + from.spelled->size();
  const auto [rest, failure] = std::from_chars(from.spelled->data(), end, n);
  if (failure != std::errc{} || rest != end) return std::nullopt;
  return n;
}

std::optional<std::uint64_t> whole_number(const raw_value& from) {
  if (const auto* v = std::get_if<std::int64_t>(&from.data)) {
    if (*v < 0) return std::nullopt;
    return static_cast<std::uint64_t>(*v);
  }
  const auto n = typed_number<std::int64_t>(from);
  if (!n || *n < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*n);
}

template <class Enum>
bool read_choice(const value_context& in, const raw_value& from,
                 std::span<const std::string_view> names, Enum& out) {
  const std::string* const text = text_of(from);
  for (std::size_t i = 0; text != nullptr && i < names.size(); ++i) {
    if (*text == names[i]) {
      out = static_cast<Enum>(i);
      return true;
    }
  }
  std::string words;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) words += i + 1 == names.size() ? " or " : ", ";
    words += in_quotes(names[i]);
  }
  return in.expects(from, words);
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    std::string_view item = text.substr(0, comma);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (!item.empty()) out.emplace_back(item);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return out;
}

}  // namespace

bool value_context::fail(const raw_value& at, std::string_view problem) const {
  errors.push_back({at.place, key, std::string(key).append(" ").append(problem)});
  return false;
}

bool value_context::expects(const raw_value& at, std::string_view expected) const {
  return fail(at, std::string("expects ").append(expected) + ", got " + describe(at, secret));
}

bool read_value(const value_context& in, const raw_value& from, bool& out) {
  if (const auto* v = std::get_if<bool>(&from.data)) {
    out = *v;
    return true;
  }
  if (!from.spelled || (*from.spelled != "true" && *from.spelled != "false")) {
    return in.expects(from, "true or false");
  }
  out = *from.spelled == "true";
  return true;
}

bool read_value(const value_context& in, const raw_value& from, std::uint64_t& out) {
  const auto n = whole_number(from);
  if (!n) return in.expects(from, number_words);
  out = *n;
  return true;
}

bool read_value(const value_context& in, const raw_value& from, double& out) {
  std::optional<double> n = typed_number<double>(from);
  if (const auto* v = std::get_if<std::int64_t>(&from.data)) n = static_cast<double>(*v);
  if (const auto* v = std::get_if<double>(&from.data)) n = *v;
  if (!n || !std::isfinite(*n) || *n < 0) return in.expects(from, rate_words);
  out = *n;
  return true;
}

bool read_value(const value_context& in, const raw_value& from, byte_count& out) {
  std::optional<std::uint64_t> n = whole_number(from);
  if (const std::string* text = text_of(from); !n && text != nullptr) n = parse_size(*text);
  if (!n) return in.expects(from, size_words);
  out.value = *n;
  return true;
}

bool read_value(const value_context& in, const raw_value& from, std::chrono::milliseconds& out) {
  const std::string* const text = text_of(from);
  const auto parsed = text != nullptr ? parse_duration(*text) : std::nullopt;
  if (!parsed) return in.expects(from, duration_words);
  out = *parsed;
  return true;
}

bool read_value(const value_context& in, const raw_value& from, std::string& out) {
  const std::string* const text = text_of(from);
  if (text == nullptr) return in.expects(from, "text in quotes");
  out = *text;
  return true;
}

bool read_value(const value_context& in, const raw_value& from, std::vector<std::string>& out) {
  constexpr auto words = R"(a list of texts such as ["a", "b"])"sv;
  if (const auto* items = std::get_if<raw_value::list>(&from.data)) {
    std::vector<std::string> next;
    for (const raw_value& item : *items) {
      const auto* text = std::get_if<std::string>(&item.data);
      if (text == nullptr || text->empty()) return in.expects(item, words);
      next.push_back(*text);
    }
    out = std::move(next);
    return true;
  }
  const std::string* const text = text_of(from);
  if (text == nullptr) return in.expects(from, words);
  out = from.spelled ? split(*text) : std::vector<std::string>{*text};
  return true;
}

bool read_value(const value_context& in, const raw_value& from,
                std::map<std::string, std::string>& out) {
  const auto* const entries = std::get_if<raw_value::table>(&from.data);
  if (entries == nullptr) return in.expects(from, R"(a table of texts such as { k1 = "..." })");
  bool good = true;
  for (const auto& [name, value] : *entries) {
    const std::string* const text = text_of(value);
    const value_context entry{in.key + "." + name, in.secret, in.errors};
    if (text == nullptr) {
      good = entry.expects(value, "text in quotes");
    } else if (text->empty() || name.empty()) {
      good = entry.fail(value, "must not be empty");
    } else {
      out[name] = *text;
    }
  }
  return good;
}

bool read_value(const value_context& in, const raw_value& from, endpoint& out) {
  const std::string* const text = text_of(from);
  auto parsed = text != nullptr ? parse_endpoint(*text) : std::nullopt;
  if (!parsed) return in.expects(from, endpoint_words);
  out = std::move(*parsed);
  return true;
}

bool read_value(const value_context& in, const raw_value& from, session_policy& out) {
  return read_choice(in, from, session_policies, out);
}
bool read_value(const value_context& in, const raw_value& from, net::proxy_protocol& out) {
  return read_choice(in, from, proxy_protocols, out);
}
bool read_value(const value_context& in, const raw_value& from, outbox_policy& out) {
  return read_choice(in, from, outbox_policies, out);
}
bool read_value(const value_context& in, const raw_value& from, log::level& out) {
  return read_choice(in, from, log_levels, out);
}
bool read_value(const value_context& in, const raw_value& from, log_format& out) {
  return read_choice(in, from, log_formats, out);
}
bool read_value(const value_context& in, const raw_value& from, token_algorithm& out) {
  return read_choice(in, from, token_algorithms, out);
}
bool read_value(const value_context& in, const raw_value& from, mapping_profile& out) {
  return read_choice(in, from, mapping_profiles, out);
}

nlohmann::json show_value(bool v) { return v; }
nlohmann::json show_value(std::uint64_t v) { return v; }
nlohmann::json show_value(double v) {
  constexpr double exact = 1e15;  // whole numbers up to here are shown as such: 5, not 5.0
  if (v < exact && v == std::floor(v)) return static_cast<std::uint64_t>(v);
  return v;
}
nlohmann::json show_value(byte_count v) { return format_size(v.value); }
nlohmann::json show_value(std::chrono::milliseconds v) { return format_duration(v); }
nlohmann::json show_value(const std::string& v) { return v; }
nlohmann::json show_value(const std::vector<std::string>& v) { return v; }
nlohmann::json show_value(const std::map<std::string, std::string>& v) {
  return v.empty() ? nlohmann::json::object() : nlohmann::json(v);
}
nlohmann::json show_value(const endpoint& v) { return format_endpoint(v); }
bool read_value(const value_context& in, const raw_value& from, net::tls_version& out) {
  // Without quotes it is a number.
  if (const auto* const number = std::get_if<double>(&from.data)) {
    for (const auto each : {net::tls_version::tls12, net::tls_version::tls13})
      if (*number == (each == net::tls_version::tls12 ? 1.2 : 1.3)) {
        out = each;
        return true;
      }
  }
  return read_choice(in, from, tls_versions, out);
}
nlohmann::json show_value(net::tls_version v) {
  return tls_versions.at(static_cast<std::size_t>(v));
}
nlohmann::json show_value(session_policy v) {
  return session_policies.at(static_cast<std::size_t>(v));
}
nlohmann::json show_value(net::proxy_protocol v) {
  return proxy_protocols.at(static_cast<std::size_t>(v));
}
nlohmann::json show_value(outbox_policy v) {
  return outbox_policies.at(static_cast<std::size_t>(v));
}
nlohmann::json show_value(log::level v) { return log_levels.at(static_cast<std::size_t>(v)); }
nlohmann::json show_value(log_format v) { return log_formats.at(static_cast<std::size_t>(v)); }
nlohmann::json show_value(token_algorithm v) {
  return token_algorithms.at(static_cast<std::size_t>(v));
}
nlohmann::json show_value(mapping_profile v) {
  return mapping_profiles.at(static_cast<std::size_t>(v));
}

std::optional<endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  constexpr auto name_bytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"sv;
  constexpr auto address_bytes = "abcdefABCDEF0123456789:.%"sv;
  const auto allowed = bracketed ? address_bytes : name_bytes;
  if (host.empty() || host.find_first_not_of(allowed) != std::string_view::npos)
    return std::nullopt;
  endpoint out{std::string(host), 0};
  const std::string_view digits = text.substr(colon + 1);
  const char* const end = digits.data() + digits.size();
  const auto [rest, failure] = std::from_chars(digits.data(), end, out.port);
  if (failure != std::errc{} || rest != end) return std::nullopt;
  return out;
}

std::string format_endpoint(const endpoint& at) {
  const bool brackets = at.host.find(':') != std::string::npos;
  return (brackets ? "[" + at.host + "]:" : at.host + ":") + std::to_string(at.port);
}

}  // namespace starling::app
