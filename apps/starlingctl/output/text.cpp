#include "apps/starlingctl/output/text.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "net/base/hex.hpp"

namespace starling::ctl {
namespace {

std::string fixed(double value, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

void append_escaped(std::string& out, unsigned char c) {
  out += "\\x";
  append_hex(out, c);
}

std::string format_time(const std::tm& parts, const char* format) {
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), format, &parts);
  return text.data();
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F are control characters too; some terminals obey them.
    const bool c1 = byte == 0xC2 && i + 1 < text.size() &&
                    static_cast<unsigned char>(text[i + 1]) >= 0x80 &&
                    static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c1) {
      append_escaped(out, static_cast<unsigned char>(text[++i]));
    } else if (byte < 0x20 || byte == 0x7F) {
      append_escaped(out, byte);
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array units = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < units.size()) {
    value /= 1024;
    ++unit;
  }
  return fixed(value, unit > 0 && value < 10 ? 1 : 0) + " " + units[unit];
}

std::string human_seconds(std::int64_t seconds) {
  struct unit {
    std::int64_t size;
    const char* name;
  };
  constexpr std::array units = {unit{86400, "d"}, unit{3600, "h"}, unit{60, "m"}, unit{1, "s"}};
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (seconds < units[i].size) continue;
    std::string text = std::to_string(seconds / units[i].size) + " " + units[i].name;
    const std::int64_t rest = seconds % units[i].size;
    if (i + 1 < units.size() && rest >= units[i + 1].size) {
      text += " " + std::to_string(rest / units[i + 1].size) + " " + units[i + 1].name;
    }
    return text;
  }
  return "0 s";
}

std::string relative_time(std::int64_t then_ms, std::int64_t now_ms) {
  if (then_ms == 0) return "-";
  return then_ms > now_ms ? "in " + human_seconds((then_ms - now_ms) / 1000)
                          : human_seconds((now_ms - then_ms) / 1000) + " ago";
}

std::string utc_time(std::int64_t ms) {
  if (ms == 0) return "-";
  const std::time_t seconds = ms / 1000;
  std::tm parts{};
  return gmtime_r(&seconds, &parts) ? format_time(parts, "%Y-%m-%d %H:%M:%S UTC") : "-";
}

std::string clock_time(std::int64_t ms) {
  const std::time_t seconds = ms / 1000;
  std::tm parts{};
  if (!localtime_r(&seconds, &parts)) return "-";
  std::array<char, 8> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03d", static_cast<int>(ms % 1000));
  return format_time(parts, "%H:%M:%S") + fraction.data();
}

std::string human_rate(double per_second) { return fixed(per_second, per_second < 10 ? 1 : 0); }

std::string human_ms(double ms) { return fixed(ms, std::abs(ms) < 10 ? 2 : 1) + " ms"; }

std::string count_of(std::uint64_t n, std::string_view singular) {
  return std::to_string(n) + " " + std::string(singular) + (n == 1 ? "" : "s");
}

std::int64_t http_date_ms(const std::string& date) {
  std::tm parts{};
  const char* end = strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return end && *end == '\0' ? static_cast<std::int64_t>(timegm(&parts)) * 1000 : 0;
}

}  // namespace starling::ctl
