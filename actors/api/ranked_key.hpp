/// Keys of lists that begin with the greatest: as text they sort by rank, falling, then by name.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace starling::actors {

inline constexpr std::size_t rank_digits = 20;

inline std::string ranked_key(std::uint64_t rank, std::string_view name) {
  const auto digits = std::to_string(~rank);
  return std::string(rank_digits - digits.size(), '0').append(digits).append(".").append(name);
}

struct ranked_name {
  std::uint64_t rank;
  std::string_view name;
};
/// nullopt when `key` is none.
inline std::optional<ranked_name> read_ranked_key(std::string_view key) noexcept {
  std::uint64_t before = 0;
  if (key.size() <= rank_digits || key[rank_digits] != '.') return std::nullopt;
  const auto [end, failed] = std::from_chars(key.data(), key.data() + rank_digits, before);
  if (failed != std::errc{} || end != key.data() + rank_digits) return std::nullopt;
  return ranked_name{~before, key.substr(rank_digits + 1)};
}

}  // namespace starling::actors
