/// The least JSON and JWT reading the floor server can do with; no validation of either.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace starling::floor_server {

/// One item of a publish body; views into it.
struct publication {
  std::string_view target;
  std::string_view event;
  std::string_view data;  // JSON text
  bool to_user = false;
};

/// The JSON value at the front of `text`, as text.
inline std::string_view json_value(std::string_view text) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      for (++i; i < text.size() && text[i] != '"'; ++i) {
        if (text[i] == '\\') ++i;
      }
      if (depth == 0) return text.substr(0, i + 1);
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return text.substr(0, i);
      if (--depth == 0) return text.substr(0, i + 1);
    } else if (c == ',' && depth == 0) {
      return text.substr(0, i);
    }
  }
  return text;
}

inline std::string_view unquoted(std::string_view value) {
  return value.size() >= 2 && value.front() == '"' ? value.substr(1, value.size() - 2) : value;
}

/// Reads one object at the front of `text`; answers the bytes it took.
inline std::size_t read_publication(std::string_view text, publication& item) {
  std::size_t at = 1;  // past '{'
  while (at < text.size() && text[at] != '}') {
    if (text[at] != '"') {
      ++at;
      continue;
    }
    const auto key = json_value(text.substr(at));
    at += key.size() + 1;  // and the colon
    if (at >= text.size()) break;
    const auto value = json_value(text.substr(at));
    at += value.size();
    if (key == "\"data\"") {
      item.data = value;
    } else if (key == "\"event\"") {
      item.event = unquoted(value);
    } else if (key == "\"room\"" || key == "\"user\"") {
      item.target = unquoted(value);
      item.to_user = key == "\"user\"";
    }
  }
  return at + 1;
}

/// Calls `use` for each item of a compact publish body; true when the body is an array.
template <class Use>
bool each_publication(std::string_view body, Use&& use) {
  const bool batch = body.starts_with('[');
  std::size_t at = batch ? 1 : 0;
  while (at < body.size() && body[at] == '{') {
    publication item;
    at += read_publication(body.substr(at), item) + 1;  // and the comma
    use(item);
  }
  return batch;
}

/// `sub` of the bearer token, unverified; empty when there is none.
inline std::string bearer_subject(std::string_view request) {
  constexpr std::string_view field = "\r\nAuthorization: Bearer ";
  const auto begin = request.find(field);
  if (begin == std::string_view::npos) return {};
  auto token = request.substr(begin + field.size());
  token = token.substr(0, token.find("\r\n"));
  token = token.substr(std::min(token.find('.') + 1, token.size()));
  token = token.substr(0, token.find('.'));
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string claims;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : token) {
    bits = bits << 6 | static_cast<std::uint32_t>(alphabet.find(c) & 63);
    if ((held += 6) >= 8) claims += static_cast<char>(bits >> (held -= 8) & 255);
  }
  const auto sub = claims.find("\"sub\":\"");
  if (sub == std::string::npos) return {};
  return std::string(unquoted(json_value(std::string_view(claims).substr(sub + 6))));
}

}  // namespace starling::floor_server
