#include "net/base/time_text.hpp"

#include <array>
#include <chrono>
#include <cstdio>

namespace starling {

std::string rfc3339(std::int64_t epoch_ms) {
  const auto floor = [](std::int64_t n, std::int64_t by) { return n / by - (n % by < 0 ? 1 : 0); };
  const auto day = floor(epoch_ms, 86'400'000);
  const auto of_day = epoch_ms - day * 86'400'000;
  const auto date = std::chrono::year_month_day(std::chrono::sys_days(std::chrono::days(day)));
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(of_day / 3'600'000),
                static_cast<int>(of_day / 60'000 % 60), static_cast<int>(of_day / 1000 % 60),
                static_cast<int>(of_day % 1000));
  return text.data();
}

}  // namespace starling
