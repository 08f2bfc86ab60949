/// JSON written by hand, for the paths where every event passes.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

namespace starling::net {

/// Appends `text` as a JSON string literal; invalid UTF-8 becomes U+FFFD.
void append_quoted(std::string& out, std::string_view text);

template <std::integral Number>
void append_number(std::string& out, Number value) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

inline void append_bool(std::string& out, bool value) { out += value ? "true" : "false"; }

}  // namespace starling::net
