#include "net/base/units.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace starling {
namespace {

using unit = std::pair<std::string_view, std::uint64_t>;

// Ascending, so that formatting can search from the largest.
constexpr std::array<unit, 5> duration_units{
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<unit, 8> size_units{{{"", 1},
                                          {"B", 1},
                                          {"KB", 1000},
                                          {"KiB", 1024},
                                          {"MB", 1000 * 1000},
                                          {"MiB", 1024 * 1024},
                                          {"GB", 1000 * 1000 * 1000},
                                          {"GiB", 1024 * 1024 * 1024}}};
constexpr std::array<unit, 3> binary_units{
    {{"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024}}};

constexpr std::uint64_t max_duration_ms = 100ull * 365 * 86'400'000;
constexpr std::uint64_t max_bytes = std::numeric_limits<std::int64_t>::max();

template <std::size_t N>
std::optional<std::uint64_t> parse(std::string_view text, const std::array<unit, N>& units,
                                   std::uint64_t most) noexcept {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc{}) return std::nullopt;
  const std::string_view suffix(rest, static_cast<std::size_t>(end - rest));
  for (const auto& [name, factor] : units) {
    if (suffix != name) continue;
    if (number > most / factor) return std::nullopt;
    return number * factor;
  }
  return std::nullopt;
}

template <std::size_t N>
std::string format(std::uint64_t value, const std::array<unit, N>& units,
                   std::string_view otherwise) {
  if (value != 0) {
    for (auto it = units.rbegin(); it != units.rend(); ++it) {
      if (value % it->second == 0) return std::to_string(value / it->second).append(it->first);
    }
  }
  return std::to_string(value).append(otherwise);
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept {
  const auto ms = parse(text, duration_units, max_duration_ms);
  if (!ms) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(*ms));
}

std::string format_duration(std::chrono::milliseconds value) {
  return format(static_cast<std::uint64_t>(value.count()), duration_units, "s");
}

std::optional<std::uint64_t> parse_size(std::string_view text) noexcept {
  return parse(text, size_units, max_bytes);
}

std::string format_size(std::uint64_t bytes) { return format(bytes, binary_units, ""); }

}  // namespace starling
