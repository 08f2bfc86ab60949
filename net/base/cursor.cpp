#include "net/base/cursor.hpp"

#include <charconv>

namespace starling {

namespace {
constexpr std::string_view mark = ".x";

bool parse36(std::string_view text, std::uint64_t& out) noexcept {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out, 36);
  return ec == std::errc{} && end == text.data() + text.size() && !text.empty();
}
}  // namespace

std::string cursor::str() const {
  char text[32];
  auto at = std::to_chars(text, text + sizeof text, epoch, 36).ptr;
  *at++ = '-';
  at = std::to_chars(at, text + sizeof text, seq, 36).ptr;
  return {text, at};
}

std::optional<client_cursor> parse_cursor(std::string_view text) noexcept {
  client_cursor out;
  if (text.size() > 40) return std::nullopt;
  if (text.ends_with(mark)) {
    out.closed = true;
    text.remove_suffix(mark.size());
  }
  const auto dash = text.find('-');
  if (dash == text.npos) return std::nullopt;
  if (!parse36(text.substr(0, dash), out.at.epoch) || !parse36(text.substr(dash + 1), out.at.seq))
    return std::nullopt;
  return out;
}

std::string closing_mark(const cursor& at) { return at.str().append(mark); }

}  // namespace starling
