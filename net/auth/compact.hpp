/// The three parts of a compact JWS, still encoded.
#pragma once

#include <optional>
#include <string_view>

namespace starling::net {

/// Views into the token they were split from.
struct compact_parts {
  std::string_view header;
  std::string_view claims;
  std::string_view signature;
  std::string_view signed_text;  ///< header, dot, claims
};

/// nullopt unless there are exactly two dots.
inline std::optional<compact_parts> split_compact(std::string_view token) noexcept {
  const auto first = token.find('.');
  if (first == token.npos) return std::nullopt;
  const auto second = token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) return std::nullopt;
  return compact_parts{token.substr(0, first), token.substr(first + 1, second - first - 1),
                       token.substr(second + 1), token.substr(0, second)};
}

}  // namespace starling::net
