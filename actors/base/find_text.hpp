/// Search as people type it.
#pragma once

#include <algorithm>
#include <string_view>

#include "net/base/ascii.hpp"

namespace starling::actors {

/// Does `text` hold `part`? ASCII letters match in either case; an empty part is everywhere.
inline bool holds_text(std::string_view text, std::string_view part) noexcept {
  return part.empty() ||
         std::search(text.begin(), text.end(), part.begin(), part.end(), [&](char a, char b) {
           return ascii_lower(a) == ascii_lower(b);
         }) != text.end();
}

}  // namespace starling::actors
