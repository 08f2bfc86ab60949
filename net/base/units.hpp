/// Durations and sizes as people write them, in a configuration or a query: `30s`, `500ms`,
/// `64KiB`, `1MB`.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace starling {

/// A whole number and one of `ms s m h d`, nothing between; nullopt for anything else and for
/// values beyond 100 years (which would overflow clocks further on).
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept;

/// In the largest unit that divides it: 90 s is `90s`, 120 s is `2m`, 0 is `0s`.
std::string format_duration(std::chrono::milliseconds value);

/// Bytes: a whole number and one of `B KB MB GB` (powers of 1000), `KiB MiB GiB` (of 1024) or no
/// unit at all; nullopt for anything else and beyond 2^63 bytes.
std::optional<std::uint64_t> parse_size(std::string_view text) noexcept;

/// In the largest power of 1024 that divides it, else in plain bytes: `64KiB`, `1000`.
std::string format_size(std::uint64_t bytes);

}  // namespace starling
