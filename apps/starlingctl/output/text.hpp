/// Values as people read them, and text made safe for a terminal. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace starling::ctl {

/// Control characters as \xNN: what a client chose (device, payload) must not steer the terminal.
std::string printable(std::string_view text);
/// `512 B`, `1.5 KiB`, `20 MiB`.
std::string human_bytes(std::uint64_t bytes);
/// The two largest units: `45 s`, `3 m 20 s`, `2 d 4 h`.
std::string human_seconds(std::int64_t seconds);
/// `3 m 20 s ago`, `in 45 s`; `-` when `then_ms` is 0.
std::string relative_time(std::int64_t then_ms, std::int64_t now_ms);
/// `2025-01-31 12:00:05 UTC`; `-` when `ms` is 0.
std::string utc_time(std::int64_t ms);
/// Time of day in the local zone with milliseconds, for tails.
std::string clock_time(std::int64_t ms);
/// One digit after the point below 10, none above.
std::string human_rate(double per_second);
/// Milliseconds of a hop: `0.42 ms`, `12.3 ms`.
std::string human_ms(double ms);
/// "1 session", "2 sessions".
std::string count_of(std::uint64_t n, std::string_view singular);
/// An HTTP `Date` in epoch milliseconds, 0 when it is not one.
std::int64_t http_date_ms(const std::string& date);

}  // namespace starling::ctl
