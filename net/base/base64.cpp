#include "net/base/base64.hpp"

#include <array>
#include <cstdint>

namespace starling {

namespace {

constexpr std::uint8_t foreign = 0xFF;

struct alphabet {
  std::string_view characters;
  std::array<std::uint8_t, 256> values{};

  constexpr explicit alphabet(std::string_view all) : characters(all) {
    for (auto& v : values) v = foreign;
    for (std::size_t i = 0; i < all.size(); ++i)
      values[static_cast<unsigned char>(all[i])] = static_cast<std::uint8_t>(i);
  }
};
constexpr alphabet standard("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
constexpr alphabet for_urls("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

std::string encode_with(const alphabet& known, std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t window = 0;
  int bits = 0;
  for (const char c : bytes) {
    window = (window << 8 | static_cast<unsigned char>(c)) & 0xFFFF;
    for (bits += 8; bits >= 6; bits -= 6) out += known.characters[window >> (bits - 6) & 63];
  }
  if (bits > 0) out += known.characters[window << (6 - bits) & 63];
  return out;
}

/// text: without padding. stray: whether bits that belong to no byte were set.
std::optional<std::string> decode_with(const alphabet& known, std::string_view text, bool& stray) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out(text.size() * 3 / 4, '\0');
  std::size_t at = 0;
  std::uint32_t window = 0;
  int bits = 0;
  for (const char c : text) {
    const auto value = known.values[static_cast<unsigned char>(c)];
    if (value == foreign) return std::nullopt;
    window = (window << 6 | value) & 0xFFFF;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out[at++] = static_cast<char>(window >> bits & 0xFF);
  }
  stray = (window & ((1u << bits) - 1)) != 0;
  return out;
}

}  // namespace

std::string base64_encode(std::string_view bytes) {
  auto out = encode_with(standard, bytes);
  out.append((4 - out.size() % 4) % 4, '=');
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  bool stray = false;
  return decode_with(standard, text, stray);
}

std::string base64url_encode(std::string_view bytes) { return encode_with(for_urls, bytes); }

std::optional<std::string> base64url_decode(std::string_view text) {
  bool stray = false;
  auto out = decode_with(for_urls, text, stray);
  return stray ? std::nullopt : out;
}

}  // namespace starling
