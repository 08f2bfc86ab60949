/// Percent-encoding and query strings.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace starling::net {

/// Decodes %XX (and `+` as a space when `plus_is_space`). A `%` without two hex digits stays as it
/// is.
std::string percent_decode(std::string_view text, bool plus_is_space);
/// Encodes everything but `[A-Za-z0-9._~-]`.
std::string percent_encode(std::string_view text);

/// The parameters of a query string, decoded, in order. The first of a name counts.
class query_params {
 public:
  query_params() = default;
  /// text: what follows `?`.
  explicit query_params(std::string_view text);

  /// nullptr when absent. An empty value is present.
  const std::string* find(std::string_view name) const noexcept;
  const std::vector<std::pair<std::string, std::string>>& all() const noexcept { return all_; }

 private:
  std::vector<std::pair<std::string, std::string>> all_;
};

/// `http(s)://host[:port][/base]` in parts.
struct http_url {
  bool tls = false;
  std::string host;  ///< without the brackets of an IPv6 address
  std::string port;
  std::string base;  ///< path prefix without a slash at its end; may be empty
};
/// nullopt when `text` is no such URL.
std::optional<http_url> parse_http_url(std::string_view text);

}  // namespace starling::net
