#include "net/mapping/payload.hpp"

#include <charconv>
#include <utility>

#include "net/wire/json_text.hpp"

namespace starling::net {

namespace {

json_value read_value(json_reader& in) {
  json_value out;
  out.kind = in.peek();
  const bool read =
      out.kind == json_kind::string ? in.read_string(out.text) : in.read_compact(out.text);
  if (!read) return {};
  return out;
}

bool go_to_member(json_reader& in, std::string_view wanted) {
  std::string name;
  if (!in.enter()) return false;
  while (in.next_member(name)) {
    if (name == wanted) return true;
    in.skip();
  }
  return false;
}

bool go_to_element(json_reader& in, std::string_view wanted) {
  std::size_t index = 0;
  const auto [end, failed] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), index);
  const bool plain = wanted == "0" || !wanted.starts_with('0');  // RFC 6901: no leading zeros
  if (failed != std::errc() || end != wanted.data() + wanted.size() || !plain) return false;
  if (!in.enter()) return false;
  while (in.next_element()) {
    if (index-- == 0) return true;
    in.skip();
  }
  return false;
}

}  // namespace

void append_json(std::string& out, const json_value& value) {
  if (value.kind == json_kind::string)
    append_quoted(out, value.text);
  else
    out += value.text;
}

std::string excerpt(const json_value& value) {
  constexpr std::size_t longest = 60;
  std::string out;
  append_json(out, value);
  if (out.size() <= longest) return out;
  auto end = longest;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0) == 0x80) --end;
  return out.substr(0, end) + "...";
}

std::vector<json_value> elements_of(const json_value& value) {
  std::vector<json_value> out;
  if (value.kind == json_kind::array) {
    json_reader in(value.text);
    in.enter();
    while (in.next_element()) out.push_back(read_value(in));
  } else if (value) {
    out.push_back(value);
  }
  return out;
}

std::optional<json_pointer> json_pointer::parse(std::string_view text) {
  json_pointer out;
  if (text.empty()) return out;
  if (text.front() != '/') return std::nullopt;
  for (const char c : text) {
    if (c == '/') {
      out.tokens_.emplace_back();
    } else if (!out.tokens_.back().ends_with('~')) {
      out.tokens_.back() += c;
    } else if (c == '0' || c == '1') {
      // A decoded ~ is kept apart from one that waits for its digit by a byte no UTF-8 has.
      out.tokens_.back().back() = c == '0' ? '\xff' : '/';
    } else {
      return std::nullopt;
    }
  }
  for (auto& token : out.tokens_) {
    if (token.ends_with('~')) return std::nullopt;
    for (auto& c : token)
      if (c == '\xff') c = '~';
  }
  return out;
}

json_value json_pointer::find(json_reader in) const {
  for (const auto& token : tokens_) {
    const auto kind = in.peek();
    const bool there = kind == json_kind::object  ? go_to_member(in, token)
                       : kind == json_kind::array ? go_to_element(in, token)
                                                  : false;
    if (!there) return {};
  }
  return read_value(in);
}

result<payload> payload::parse(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes)
    return error{errc::too_large, "the payload has " + std::to_string(text.size()) +
                                      " bytes, more than " + std::to_string(max_bytes)};
  const json_reader start(text);
  json_reader in = start;
  in.skip();
  if (!in.finish()) return error{errc::malformed, in.failure()};
  return payload(start);
}

std::optional<std::string> payload::without(std::string_view name) const {
  json_reader in = start_;
  if (in.peek() != json_kind::object) return std::nullopt;
  std::string out = "{";
  std::string member;
  in.enter();
  while (in.next_member(member)) {
    if (member == name) {
      in.skip();
      continue;
    }
    if (out.size() > 1) out += ',';
    append_quoted(out, member);
    out += ':';
    in.read_compact(out);
  }
  out += '}';
  return out;
}

}  // namespace starling::net
