/// Search as people type it.
#pragma once

#include <algorithm>
#include <string_view>

namespace starling::actors {

/// Does `text` hold `part`? ASCII letters match in either case; an empty part is everywhere.
inline bool holds_text(std::string_view text, std::string_view part) noexcept {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return part.empty() ||
         std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [&](char a, char b) { return lower(a) == lower(b); }) != text.end();
}

}  // namespace starling::actors
