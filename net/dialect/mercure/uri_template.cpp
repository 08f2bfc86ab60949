// RFC 6570 backwards: which texts may a template have been expanded to?
#include <charconv>
#include <optional>

#include "net/dialect/mercure/topic_selector.hpp"

namespace starling::net::mercure {

namespace {

constexpr std::size_t max_variables = 64;

byte_class bytes_of(std::string_view text) {
  byte_class out;
  for (const char c : text) out.set(static_cast<unsigned char>(c));
  return out;
}

const byte_class digits = bytes_of("0123456789");
const byte_class hex = bytes_of("0123456789ABCDEFabcdef");
const byte_class letters = bytes_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
const byte_class unreserved = letters | digits | bytes_of("-._~");
const byte_class reserved = bytes_of(":/?#[]@!$&'()*+,;=");
const byte_class name_bytes = letters | digits | bytes_of("_.%");
/// What may stand between expressions: neither controls nor what no URI holds.
const byte_class no_literal = bytes_of("\"'<>\\^`|} ");

struct expression_kind {
  char sign;  ///< 0: none
  std::string_view first;
  char separator;
  bool reserved;
  bool named;
};
constexpr expression_kind kinds[] = {
    {'+', "", ',', true, false},   {'#', "#", ',', true, false}, {'.', ".", '.', false, false},
    {'/', "/", '/', false, false}, {';', ";", ';', false, true}, {'?', "?", '&', false, true},
    {'&', "&", '&', false, true},
};
constexpr expression_kind simple{0, "", ',', false, false};

struct expression {
  expression_kind of = simple;
  std::size_t variables = 0;
  bool exploded = false;
  bool first_exploded = false;
};

std::optional<expression> parse(std::string_view inside) {
  expression out;
  if (inside.empty()) return std::nullopt;
  for (const auto& kind : kinds)
    if (inside.front() == kind.sign) out.of = kind;
  if (out.of.sign != 0) inside.remove_prefix(1);
  for (;;) {
    const auto comma = inside.find(',');
    auto name = inside.substr(0, comma);
    const bool exploded = name.ends_with('*');
    if (exploded) name.remove_suffix(1);
    if (const auto colon = name.find(':'); colon != name.npos) {
      const auto length = name.substr(colon + 1);
      if (exploded || length.empty() || length.size() > 4 ||
          length.find_first_not_of("0123456789") != length.npos)
        return std::nullopt;
      name = name.substr(0, colon);
    }
    if (name.empty() || ++out.variables > max_variables) return std::nullopt;
    for (const char c : name)
      if (!name_bytes.test(static_cast<unsigned char>(c))) return std::nullopt;
    out.exploded = out.exploded || exploded;
    if (out.variables == 1) out.first_exploded = exploded;
    if (comma == inside.npos) return out;
    inside.remove_prefix(comma + 1);
  }
}

/// Any number of bytes of `allowed`, or of `%XX`.
void add_value(topic_program& to, const byte_class& allowed) {
  const auto begin = to.fork();
  const auto escaped = to.fork();
  to.one_of(allowed);
  to.again(begin);
  to.join(escaped);
  to.text("%");
  to.one_of(hex);
  to.one_of(hex);
  to.again(begin);
  to.join(begin);
}

byte_class value_bytes(const expression& of, bool with_equals) {
  if (of.of.reserved) return unreserved | reserved;
  return unreserved | bytes_of(with_equals ? ",=" : ",");
}

void add(topic_program& to, const expression& one) {
  const bool optional = !one.of.first.empty();
  const auto whole = optional ? to.fork() : 0;
  to.text(one.of.first);
  add_value(to, value_bytes(one, one.of.named || one.first_exploded));
  const auto rest = value_bytes(one, one.of.named || one.exploded);
  if (one.exploded) {
    const auto begin = to.fork();
    to.text({&one.of.separator, 1});
    add_value(to, rest);
    to.again(begin);
    to.join(begin);
  } else {
    std::vector<topic_program::mark> ends;
    for (std::size_t i = 1; i < one.variables; ++i) {
      ends.push_back(to.fork());
      to.text({&one.of.separator, 1});
      add_value(to, rest);
    }
    for (const auto end : ends) to.join(end);
  }
  if (optional) to.join(whole);
}

}  // namespace

std::optional<topic_program> template_program(std::string_view text) {
  topic_program out;
  while (!text.empty()) {
    const auto open = text.find('{');
    const auto literal = text.substr(0, open);
    for (const char c : literal)
      if (static_cast<unsigned char>(c) <= 0x20 || no_literal.test(static_cast<unsigned char>(c)))
        return std::nullopt;
    out.text(literal);
    if (open == text.npos) break;
    const auto close = text.find('}', open);
    if (close == text.npos) return std::nullopt;
    const auto one = parse(text.substr(open + 1, close - open - 1));
    if (!one) return std::nullopt;
    add(out, *one);
    text.remove_prefix(close + 1);
  }
  return out;
}

}  // namespace starling::net::mercure
