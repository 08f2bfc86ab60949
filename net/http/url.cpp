#include "net/http/url.hpp"

#include <algorithm>

#include "net/base/ascii.hpp"
#include "net/base/hex.hpp"

namespace starling::net {

namespace {

bool unreserved(char c) noexcept {
  return ascii_alnum(c) || c == '.' || c == '_' || c == '~' || c == '-';
}

}  // namespace

std::string percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%' && i + 2 < text.size()) {
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    out += c == '+' && plus_is_space ? ' ' : c;
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (unreserved(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return out;
}

query_params::query_params(std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find('&');
    const auto pair = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    const auto value = equals == pair.npos ? std::string_view{} : pair.substr(equals + 1);
    all_.emplace_back(percent_decode(pair.substr(0, equals), true), percent_decode(value, true));
  }
}

const std::string* query_params::find(std::string_view name) const noexcept {
  const auto at = std::find_if(all_.begin(), all_.end(),
                               [&](const auto& parameter) { return parameter.first == name; });
  return at == all_.end() ? nullptr : &at->second;
}

std::optional<http_url> parse_http_url(std::string_view text) {
  http_url out;
  if (text.starts_with("https://")) {
    out.tls = true;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return std::nullopt;
  }
  const auto slash = text.find('/');
  auto authority = text.substr(0, slash);
  if (slash != text.npos) out.base = text.substr(slash);
  while (out.base.ends_with('/')) out.base.pop_back();
  std::size_t colon = authority.rfind(':');
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == authority.npos) return std::nullopt;
    out.host = authority.substr(1, close - 1);
    colon = authority.find(':', close);
  } else {
    out.host = authority.substr(0, colon);
  }
  out.port = colon == authority.npos ? (out.tls ? "443" : "80") : authority.substr(colon + 1);
  const bool digits =
      !out.port.empty() && out.port.size() <= 5 &&
      std::all_of(out.port.begin(), out.port.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (out.host.empty() || !digits || out.host.find_first_of("@?# ") != out.host.npos)
    return std::nullopt;
  return out;
}

}  // namespace starling::net
