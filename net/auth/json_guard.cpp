#include "net/auth/json_guard.hpp"

#include <nlohmann/json.hpp>

namespace starling::net {

namespace {

bool too_deep(std::string_view text) noexcept {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      if (++depth > max_json_depth) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

}  // namespace

std::optional<nlohmann::json> parse_object(std::string_view text) {
  // nlohmann takes a NUL byte for the end of the text and would not look at what follows.
  if (too_deep(text) || text.find('\0') != text.npos) return std::nullopt;
  auto out = nlohmann::json::parse(text, nullptr, false);
  if (!out.is_object()) return std::nullopt;
  return out;
}

}  // namespace starling::net
