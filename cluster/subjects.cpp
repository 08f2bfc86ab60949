#include "cluster/subjects.hpp"

#include <array>
#include <charconv>
#include <utility>

#include "net/base/ascii.hpp"

namespace starling::cluster {

namespace {

constexpr std::string_view special = ".*>=\"\\ ";
constexpr std::array kinds{channel_kind::room, channel_kind::user, channel_kind::all,
                           channel_kind::client};

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }
bool is_high(char c) noexcept { return static_cast<unsigned char>(c) >= 0x80; }

bool is_key_byte(char c) noexcept { return ascii_alnum(c) || c == '_' || c == '-'; }

template <class MustEscape>
std::string escape(std::string_view text, MustEscape must_escape) {
  static constexpr char digits[] = "0123456789ABCDEF";
  if (text.empty()) return "=";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (!must_escape(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '=';
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

/// Escapes are written in capitals, so that each name has one subject.
int escaped_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Cuts the first token off `rest`.
std::string_view next_token(std::string_view& rest) noexcept {
  const auto dot = rest.find('.');
  const auto token = rest.substr(0, dot);
  rest.remove_prefix(dot == rest.npos ? rest.size() : dot + 1);
  return token;
}

std::optional<channel_kind> parse_kind(std::string_view token) noexcept {
  for (const auto kind : kinds)
    if (token == to_string(kind)) return kind;
  return std::nullopt;
}

std::optional<partition_id> parse_partition(std::string_view token, std::size_t count) noexcept {
  std::size_t number = count;
  const auto* const end = token.data() + token.size();
  if (std::from_chars(token.data(), end, number).ptr != end || number >= count) return std::nullopt;
  return static_cast<partition_id>(number);
}

std::string path(const channel& channel) {
  return escape_token(channel.tenant.str())
      .append(".")
      .append(to_string(channel.kind))
      .append(".")
      .append(escape_token(channel.name));
}

std::string_view suffix(channel_message message) noexcept {
  switch (message) {
    case channel_message::stored: return ".e";
    case channel_message::ephemeral: return ".x";
    case channel_message::control: return ".c";
  }
  return ".e";
}

}  // namespace

std::string escape_token(std::string_view text) {
  const bool utf8 = valid_utf8(text);
  return escape(text, [utf8](char c) {
    return special.find(c) != special.npos || is_control(c) || (!utf8 && is_high(c));
  });
}

std::string escape_key_token(std::string_view text) {
  return escape(text, [](char c) { return !is_key_byte(c); });
}

std::optional<std::string> unescape_token(std::string_view token) {
  if (token.empty()) return std::nullopt;
  std::string out;
  if (token == "=") return out;
  out.reserve(token.size());
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '=') {
      if (special.find(token[i]) != special.npos || is_control(token[i])) return std::nullopt;
      out += token[i];
      continue;
    }
    if (token.size() - i < 3) return std::nullopt;
    const int high = escaped_value(token[i + 1]);
    const int low = escaped_value(token[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string dedupe_id(const channel& channel, std::string_view id) {
  return path(channel).append(".").append(escape_token(id));
}

subjects::subjects(std::string prefix, std::size_t partitions)
    : prefix_(std::move(prefix)),
      out_(prefix_ + ".ch."),
      node_(prefix_ + ".node."),
      ask_(prefix_ + ".ask"),
      inbox_(prefix_ + ".inbox") {
  if (partitions == 1) {
    parts_.push_back({prefix_, prefix_ + ".in.", out_});
    return;
  }
  for (std::size_t i = 0; i < partitions; ++i) {
    const auto number = std::to_string(i);
    parts_.push_back(
        {prefix_ + "-p" + number, prefix_ + ".in." + number + ".", out_ + number + "."});
  }
}

std::optional<partition_id> subjects::partition_of_stream(std::string_view stream) const noexcept {
  for (std::size_t i = 0; i < parts_.size(); ++i)
    if (parts_[i].stream == stream) return static_cast<partition_id>(i);
  return std::nullopt;
}

std::string subjects::stored(const channel& channel) const {
  return part_of(channel).in + path(channel);
}
std::string subjects::followed(const channel& channel) const {
  return part_of(channel).out + path(channel) + ".*";
}
std::string subjects::of(const channel& channel, channel_message message) const {
  return (part_of(channel).out + path(channel)).append(suffix(message));
}

std::string subjects::announcement(const node_id& node) const {
  return node_ + escape_token(node.str());
}
std::string subjects::announcements() const { return node_ + "*"; }
std::string subjects::question(const node_id& node) const {
  return ask_ + "." + escape_token(node.str());
}
std::string subjects::questions_to_all() const { return ask_; }

std::string subjects::inbox() const { return inbox_; }
std::string subjects::turns() const { return prefix_ + ".turn"; }
std::string subjects::stream_source(partition_id p) const {
  return parts_[index_of(p)].in + "*.*.*";
}
std::string subjects::stream_destination(partition_id p) const {
  return parts_[index_of(p)].out + "{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}.e";
}

std::optional<heard_subject> subjects::parse(std::string_view subject) const {
  if (!subject.starts_with(out_)) return std::nullopt;
  subject.remove_prefix(out_.size());
  heard_subject out;
  if (partitions() > 1) {
    const auto number = parse_partition(next_token(subject), partitions());
    if (!number) return std::nullopt;
    out.partition = *number;
  }
  auto tenant = unescape_token(next_token(subject));
  const auto kind = parse_kind(next_token(subject));
  auto name = unescape_token(next_token(subject));
  if (!tenant || !kind || !name) return std::nullopt;
  out.channel = {tenant_id(std::move(*tenant)), *kind, std::move(*name)};
  if (subject == "e")
    out.message = channel_message::stored;
  else if (subject == "x")
    out.message = channel_message::ephemeral;
  else if (subject == "c")
    out.message = channel_message::control;
  else
    return std::nullopt;
  return out;
}

bool subjects::is_announcement(std::string_view subject) const noexcept {
  return subject.starts_with(node_);
}
bool subjects::is_question(std::string_view subject) const noexcept {
  return subject == ask_ || (subject.starts_with(ask_) && subject[ask_.size()] == '.');
}

bool subjects::is_inbox(std::string_view subject) const noexcept {
  return subject.size() > inbox_.size() + 1 && subject.starts_with(inbox_) &&
         subject[inbox_.size()] == '.';
}

}  // namespace starling::cluster
