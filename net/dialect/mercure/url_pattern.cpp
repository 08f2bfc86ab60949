// The part of WHATWG URL patterns that needs no regular expressions of the client's.
#include <optional>

#include "net/dialect/mercure/topic_selector.hpp"

namespace starling::net::mercure {

namespace {

byte_class all_but(std::string_view text) {
  byte_class out;
  out.set();
  for (const char c : text) out.reset(static_cast<unsigned char>(c));
  return out;
}

bool is_name(char c, bool first) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
         (!first && c >= '0' && c <= '9');
}

/// Any number of one class, at least one when `some`.
void add_run(topic_program& to, const byte_class& bytes, bool some) {
  if (some) to.one_of(bytes);
  const auto begin = to.fork();
  to.one_of(bytes);
  to.again(begin);
  to.join(begin);
}

/// Reads one pattern. A group may repeat, so its text is read again for each instruction it makes.
class reader {
 public:
  explicit reader(std::string_view text) : text_(text) {}

  bool read(topic_program& to) {
    if (!read(to, text_, 0)) return false;
    // What is not said may be anything.
    if (!query_) optional_tail(to, "?", all_but("#"));
    if (!fragment_) optional_tail(to, "#", all_but(""));
    return true;
  }

 private:
  static constexpr int max_depth = 1;  // groups do not nest

  static void optional_tail(topic_program& to, std::string_view first, const byte_class& bytes) {
    const auto whole = to.fork();
    to.text(first);
    add_run(to, bytes, false);
    to.join(whole);
  }

  bool read(topic_program& to, std::string_view text, int depth) {
    for (std::size_t at = 0; at < text.size();) {
      const char c = text[at];
      switch (c) {
        case '\\':
          if (++at == text.size()) return false;
          to.text(text.substr(at++, 1));
          break;
        case '*':
          add_run(to, all_but(""), false);
          ++at;
          break;
        case '{':
          if (depth == max_depth || !read_group(to, text, at, depth)) return false;
          break;
        case '}':
        case '(':
        case ')': return false;
        case ':':
          if (at + 1 < text.size() && is_name(text[at + 1], true)) {
            read_name(to, text, at);
            break;
          }
          [[fallthrough]];
        default: note(c, text, at); to.text(text.substr(at++, 1));
      }
    }
    return true;
  }

  /// In which part of a URL we are: a name stops at that part's separators.
  void note(char c, std::string_view text, std::size_t at) {
    if (c == '/' && text.substr(0, at).ends_with(":/")) {
      host_ = true;
    } else if (c == '/') {
      host_ = false;
    } else if (c == '?') {
      query_ = true;
      host_ = false;
    } else if (c == '#') {
      fragment_ = query_ = true;
      host_ = false;
    }
  }

  void read_name(topic_program& to, std::string_view text, std::size_t& at) {
    ++at;
    while (at < text.size() && is_name(text[at], false)) ++at;
    const auto bytes = host_ ? all_but("./?#:") : query_ ? all_but("#") : all_but("/?#");
    const char modifier = at < text.size() ? text[at] : '\0';
    const bool may_miss = modifier == '?' || modifier == '*';
    if (may_miss || modifier == '+') ++at;
    const auto whole = may_miss ? to.fork() : 0;
    add_run(to, bytes, true);
    if (modifier == '*' || modifier == '+') {
      const auto begin = to.fork();
      to.text("/");
      add_run(to, bytes, true);
      to.again(begin);
      to.join(begin);
    }
    if (may_miss) to.join(whole);
  }

  bool read_group(topic_program& to, std::string_view text, std::size_t& at, int depth) {
    const auto close = text.find('}', at);
    if (close == text.npos) return false;
    const auto inside = text.substr(at + 1, close - at - 1);
    at = close + 1;
    const char modifier = at < text.size() ? text[at] : '\0';
    const bool may_miss = modifier == '?' || modifier == '*';
    const bool repeats = modifier == '+' || modifier == '*';
    if (may_miss || repeats) ++at;
    const auto whole = may_miss ? to.fork() : 0;
    const auto begin = to.here();
    if (!read(to, inside, depth + 1)) return false;
    if (repeats) {
      const auto once_more = to.fork();
      to.again(begin);
      to.join(once_more);
    }
    if (may_miss) to.join(whole);
    return true;
  }

  std::string_view text_;
  bool host_ = false;
  bool query_ = false;
  bool fragment_ = false;
};

}  // namespace

std::optional<topic_program> url_program(std::string_view text) {
  topic_program out;
  if (!reader(text).read(out)) return std::nullopt;
  return out;
}

}  // namespace starling::net::mercure
