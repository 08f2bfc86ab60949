#include "net/wire/json_reader.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "net/base/utf8.hpp"

namespace starling::net {

namespace {

constexpr bool digit(char c) noexcept { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

}  // namespace

json_reader::json_reader(std::string_view text) noexcept : text_(text) {
  utf8_validator check;
  if (!check.feed(text) || !check.complete()) fail("the text is not valid UTF-8");
  if (text.starts_with("\xEF\xBB\xBF")) at_ = 3;
}

json_kind json_reader::peek() noexcept {
  if (failed()) return json_kind::none;
  skip_space();
  switch (current()) {
    case '{': return json_kind::object;
    case '[': return json_kind::array;
    case '"': return json_kind::string;
    case 't':
    case 'f': return json_kind::boolean;
    case 'n': return json_kind::null;
    default: return current() == '-' || digit(current()) ? json_kind::number : json_kind::none;
  }
}

bool json_reader::enter() noexcept {
  const auto kind = peek();
  if (failed()) return false;
  if (kind != json_kind::object && kind != json_kind::array) return fail("expected { or [");
  if (++depth_ > max_depth) return fail("nested too deeply");
  ++at_;
  fresh_ = true;
  return true;
}

bool json_reader::leave() noexcept {
  ++at_;
  --depth_;
  fresh_ = false;
  return false;
}

/// Behind the separator before the next member or element; `more` is false before `end`.
bool json_reader::separator(char end, const char* problem, bool& more) noexcept {
  if (failed()) return false;
  skip_space();
  more = current() != end;
  if (!more) return true;
  if (!fresh_ && !take(',')) return fail(problem);
  fresh_ = false;
  skip_space();
  return true;
}

bool json_reader::next_member(std::string& name) {
  bool more = false;
  if (!separator('}', "a comma or } must follow", more)) return false;
  if (!more) return leave();
  if (current() != '"') return fail("expected a member name in quotes");
  name.clear();
  if (!string_token(&name, nullptr)) return false;
  skip_space();
  return take(':') || fail("a colon must follow a member name");
}

bool json_reader::next_element() noexcept {
  bool more = false;
  if (!separator(']', "a comma or ] must follow", more)) return false;
  if (!more) return leave();
  return peek() != json_kind::none || fail("expected a value");
}

bool json_reader::read_string(std::string& out) {
  if (peek() != json_kind::string) return fail("expected a string");
  out.clear();
  return string_token(&out, nullptr);
}

bool json_reader::read_boolean(bool& out) noexcept {
  if (peek() != json_kind::boolean) return fail("expected true or false");
  out = current() == 't';
  return literal(out ? "true" : "false", nullptr);
}

bool json_reader::finish() noexcept {
  if (failed()) return false;
  skip_space();
  return at_ == text_.size() || fail("more text follows the value");
}

std::string json_reader::failure() const {
  if (!failed()) return {};
  return "malformed JSON at byte " + std::to_string(at_) + ": " + fault_;
}

bool json_reader::fail(const char* problem) noexcept {
  if (fault_ == nullptr)
    fault_ = at_ < text_.size() || at_ == 0 ? problem : "the text ends too early";
  return false;
}

void json_reader::skip_space() noexcept {
  while (at_ < text_.size() &&
         (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
    ++at_;
}

bool json_reader::take(char c) noexcept {
  if (at_ >= text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

bool json_reader::value(std::string* out, int depth) {
  switch (peek()) {
    case json_kind::object: return members(out, depth + 1, '}');
    case json_kind::array: return members(out, depth + 1, ']');
    case json_kind::string: return string_token(nullptr, out);
    case json_kind::number: return number(out);
    case json_kind::boolean: return literal(current() == 't' ? "true" : "false", out);
    case json_kind::null: return literal("null", out);
    case json_kind::none: break;
  }
  return fail("expected a value");
}

bool json_reader::members(std::string* out, int depth, char end) {
  const auto put = [out](char c) {
    if (out) *out += c;
  };
  if (depth > max_depth) return fail("nested too deeply");
  put(current());
  ++at_;
  for (bool first = true;; first = false) {
    skip_space();
    if (take(end)) break;
    if (!first) {
      if (!take(','))
        return fail(end == '}' ? "a comma or } must follow" : "a comma or ] must follow");
      put(',');
      skip_space();
    }
    if (end == '}') {
      if (current() != '"') return fail("expected a member name in quotes");
      if (!string_token(nullptr, out)) return false;
      skip_space();
      if (!take(':')) return fail("a colon must follow a member name");
      put(':');
    }
    if (!value(out, depth)) return false;
  }
  put(end);
  return true;
}

bool json_reader::literal(std::string_view word, std::string* out) {
  if (text_.substr(at_, word.size()) != word) return fail("expected true, false or null");
  at_ += word.size();
  if (out) out->append(word);
  return true;
}

bool json_reader::number(std::string* out) {
  const auto start = at_;
  const auto digits = [this] {
    if (!digit(current())) return fail("expected a digit");
    while (digit(current())) ++at_;
    return true;
  };
  take('-');
  if (!take('0') && !digits()) return false;
  if (take('.') && !digits()) return false;
  const bool exponent = take('e') || take('E');
  if (exponent) {
    if (!take('+')) take('-');
    if (!digits()) return false;
  }
  const auto token = text_.substr(start, at_ - start);
  if (exponent || token.size() > 300) {  // shorter ones without exponent are always in range
    if (!std::isfinite(std::strtod(std::string(token).c_str(), nullptr))) {
      at_ = start;
      return fail("the number is out of range");
    }
  }
  if (out) out->append(token);
  return true;
}

bool json_reader::string_token(std::string* decoded, std::string* raw) {
  const auto start = at_++;
  for (auto copied = at_;;) {
    while (at_ < text_.size() && static_cast<unsigned char>(text_[at_]) >= 0x20 &&
           text_[at_] != '"' && text_[at_] != '\\')
      ++at_;
    if (decoded) decoded->append(text_, copied, at_ - copied);
    if (take('"')) break;
    if (!take('\\')) return fail("a control character in a string must be escaped");
    if (!escape(decoded)) return false;
    copied = at_;
  }
  if (raw) raw->append(text_, start, at_ - start);
  return true;
}

bool json_reader::escape(std::string* decoded) {
  static constexpr std::string_view names = "\"\\/bfnrt";
  static constexpr std::string_view values = "\"\\/\b\f\n\r\t";
  const char c = current();
  if (c != 'u') {
    const auto which = at_ < text_.size() ? names.find(c) : names.npos;
    if (which == names.npos) return fail("unknown escape in a string");
    if (decoded) *decoded += values[which];
    ++at_;
    return true;
  }
  ++at_;
  unsigned code = 0;
  if (!hex4(code)) return false;
  if (code >= 0xD800 && code <= 0xDFFF) {
    unsigned low = 0;
    if (code > 0xDBFF || !take('\\') || !take('u') || !hex4(low) || low < 0xDC00 || low > 0xDFFF)
      return fail("half of a surrogate pair in a string");
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  if (decoded) append_utf8(*decoded, code);
  return true;
}

bool json_reader::hex4(unsigned& out) noexcept {
  const auto digits = text_.substr(at_, 4);
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), out, 16);
  if (digits.size() != 4 || end.ptr != digits.data() + 4) return fail("\\u needs four hex digits");
  at_ += 4;
  return true;
}

}  // namespace starling::net
