#include "apps/starling-bench/wire/http_head.hpp"

#include <algorithm>
#include <charconv>

namespace starling::bench {

namespace {

bool same_word(std::string_view text, std::string_view lower) noexcept {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
  });
}

}  // namespace

response_head parse_head(std::string_view head) noexcept {
  response_head result;
  if (!head.starts_with("HTTP/1.") || head.size() < 12) return result;
  std::from_chars(head.data() + 9, head.data() + 12, result.status);
  auto at = head.find("\r\n");
  while (at != std::string_view::npos && at + 2 < head.size()) {
    const auto begin = at + 2;
    at = head.find("\r\n", begin);
    const auto line = head.substr(begin, at - begin);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    auto value = line.substr(colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    const auto name = line.substr(0, colon);
    if (same_word(name, "content-length")) {
      const auto read =
          std::from_chars(value.data(), value.data() + value.size(), result.content_length);
      result.has_length = read.ec == std::errc{};
    } else if (same_word(name, "transfer-encoding")) {
      result.chunked = same_word(value, "chunked");
    }
  }
  return result;
}

std::string_view find_text(std::string_view json, std::string_view key) noexcept {
  std::size_t at = 0;
  while ((at = json.find(key, at)) != std::string_view::npos) {
    const auto after = at + key.size();
    if (at > 0 && json[at - 1] == '"' && json.substr(after, 3) == "\":\"") {
      const auto value = json.substr(after + 3);
      return value.substr(0, value.find('"'));
    }
    at = after;
  }
  return {};
}

}  // namespace starling::bench
