#include "net/wire/json_text.hpp"

#include <array>
#include <cstdint>

#include "net/base/hex.hpp"
#include "net/base/utf8.hpp"

namespace starling::net {

namespace {

enum class treat : std::uint8_t {
  copy,
  escape,
  multibyte
};

constexpr std::array<treat, 256> treatment = [] {
  std::array<treat, 256> table{};
  for (std::size_t i = 0; i < 0x20; ++i) table[i] = treat::escape;
  table['"'] = table['\\'] = treat::escape;
  for (std::size_t i = 0x80; i < 256; ++i) table[i] = treat::multibyte;
  return table;
}();

void append_escape(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: out += "\\u00"; break;
  }
  append_hex(out, static_cast<unsigned char>(c));
}

/// Length of the well-formed character at the start of `text`, 0 if there is none.
std::size_t character(std::string_view text) noexcept {
  utf8_validator check;
  for (std::size_t n = 1; n <= 4 && n <= text.size(); ++n) {
    if (!check.feed(text.substr(n - 1, 1))) return 0;
    if (check.complete()) return n;
  }
  return 0;
}

}  // namespace

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  std::size_t copied = 0;
  const auto copy_to = [&](std::size_t end) { out.append(text, copied, end - copied); };
  for (std::size_t i = 0; i < text.size();) {
    const auto how = treatment[static_cast<std::uint8_t>(text[i])];
    if (how == treat::copy) {
      ++i;
      continue;
    }
    const std::size_t length = how == treat::multibyte ? character(text.substr(i)) : 0;
    if (length > 0) {
      i += length;
      continue;
    }
    copy_to(i);
    if (how == treat::escape)
      append_escape(out, text[i]);
    else
      out += "\xEF\xBF\xBD";
    copied = ++i;
  }
  copy_to(text.size());
  out += '"';
}

}  // namespace starling::net
