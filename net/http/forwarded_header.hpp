/// The header `Forwarded` (RFC 7239), taken apart.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace starling::net {

/// One element: what one proxy says.
struct forwarded_element {
  /// Its `for`, without quotes and escapes; none: it has none, two, or is not written as one.
  std::optional<std::string> client;
};

/// Elements from the left, without empty ones. Repeated headers are joined by commas. Values may
/// hold what only quoted strings may (`for=203.0.113.7:80`), but no quotes and backslashes: those
/// stand in quoted strings (RFC 7230 section 3.2.6), where commas and semicolons part nothing.
/// nullopt: where its strings begin and end cannot be told, so nothing in it can be believed.
std::optional<std::vector<forwarded_element>> parse_forwarded(std::string_view header);

}  // namespace starling::net
