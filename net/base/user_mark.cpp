#include "net/base/user_mark.hpp"

#include <array>
#include <bit>
#include <cstdint>

namespace starling {

namespace {

/// FNV-1a of 64 bits, begun at `state`, with the bits mixed at the end (splitmix64).
std::uint64_t hash(std::string_view text, std::uint64_t state) noexcept {
  for (const char c : text) state = (state ^ static_cast<unsigned char>(c)) * 1099511628211U;
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9U;
  state = (state ^ (state >> 27)) * 0x94d049bb133111ebU;
  return state ^ (state >> 31);
}

}  // namespace

session_id user_mark(std::string_view user) {
  std::array<std::uint8_t, 16> bytes;
  auto high = hash(user, 14695981039346656037U);
  auto low = hash(user, 0x9e3779b97f4a7c15U);
  for (std::size_t i = 8; i-- > 0; high >>= 8, low >>= 8) {
    bytes[i] = static_cast<std::uint8_t>(high);
    bytes[i + 8] = static_cast<std::uint8_t>(low);
  }
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | 0x50);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80);
  return std::bit_cast<session_id>(bytes);
}

}  // namespace starling
