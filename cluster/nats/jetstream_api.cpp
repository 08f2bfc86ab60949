#include "cluster/nats/jetstream_api.hpp"

#include <array>
#include <charconv>
#include <concepts>

#include "cluster/nats/store_marks.hpp"

namespace starling::cluster::jetstream {

namespace {

/// What follows `"name":` and spaces; nullopt when there is no such member.
std::optional<std::string_view> member(std::string_view json, std::string_view name) {
  const auto quoted = std::string("\"").append(name).append("\":");
  const auto at = json.find(quoted);
  if (at == json.npos) return std::nullopt;
  json.remove_prefix(at + quoted.size());
  const auto value = json.find_first_not_of(' ');
  if (value == json.npos) return std::nullopt;
  return json.substr(value);
}

template <std::integral Number>
std::optional<Number> number(std::string_view json, std::string_view name) {
  const auto text = member(json, name);
  if (!text) return std::nullopt;
  Number out{};
  const auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), out);
  if (ec != std::errc{} || end == text->data()) return std::nullopt;
  return out;
}

/// Length of the JSON string at the start of `text`, quotes included; npos when it does not end.
std::size_t string_length(std::string_view text) noexcept {
  if (text.empty() || text.front() != '"') return text.npos;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      return i + 1;
  }
  return text.npos;
}

/// The raw text between the quotes: escapes stay as they are.
std::optional<std::string_view> text_member(std::string_view json, std::string_view name) {
  const auto text = member(json, name);
  if (!text) return std::nullopt;
  const auto length = string_length(*text);
  if (length == text->npos) return std::nullopt;
  return text->substr(1, length - 2);
}

/// The one number in `"subjects":{"<subject>":N}`; 0 when the subject has no messages.
std::uint64_t count_on_subject(std::string_view state) {
  const auto object = member(state, "subjects");
  if (!object || !object->starts_with('{')) return 0;
  auto rest = object->substr(1);
  const auto length = string_length(rest);
  if (length == rest.npos || length + 1 >= rest.size()) return 0;
  rest.remove_prefix(length + 1);
  std::uint64_t count = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), count);
  return count;
}

int base64_value(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

}  // namespace

std::optional<api_error> find_error(std::string_view answer) {
  const auto object = member(answer, "error");
  if (!object || !object->starts_with('{')) return std::nullopt;
  api_error out;
  out.code = number<int>(*object, "code").value_or(0);
  out.err_code = number<int>(*object, "err_code").value_or(0);
  out.description = text_member(*object, "description").value_or("no description");
  return out;
}

std::optional<publish_ack> parse_ack(std::string_view answer) {
  const auto seq = number<sequence>(answer, "seq");
  if (!seq || *seq == 0) return std::nullopt;
  const auto duplicate = member(answer, "duplicate");
  return publish_ack{*seq, duplicate && duplicate->starts_with("true")};
}

std::optional<stream_info> parse_info(std::string_view answer) {
  const auto at = answer.find("\"state\":{");
  if (at == answer.npos) return std::nullopt;
  const auto state = answer.substr(at);
  const auto config = answer.substr(0, at);
  const auto epoch = find_epoch(text_member(config, "description").value_or(""));
  const auto first = number<sequence>(state, "first_seq");
  const auto last = number<sequence>(state, "last_seq");
  if (!epoch || !first || !last) return std::nullopt;
  const auto cluster = member(answer, "cluster");
  return stream_info{*epoch, *first, *last, count_on_subject(state),
                     std::string(cluster ? text_member(*cluster, "leader").value_or("") : "")};
}

std::optional<stored_message> parse_message(std::string_view answer) {
  const auto message = member(answer, "message");
  if (!message) return std::nullopt;
  const auto seq = number<sequence>(*message, "seq");
  // An empty message has no such member; one that is cut short is no message.
  const auto encoded = text_member(*message, "data");
  if (!encoded && member(*message, "data")) return std::nullopt;
  auto data = decode_base64(encoded.value_or(""));
  if (!seq || *seq == 0 || !data) return std::nullopt;
  return stored_message{*seq, std::move(*data)};
}

std::string next_message_request(sequence from, std::string_view subject) {
  return std::string("{\"seq\":")
      .append(std::to_string(from))
      .append(",\"next_by_subj\":\"")
      .append(subject)
      .append("\"}");
}

std::string last_message_request(std::string_view subject) {
  return std::string("{\"last_by_subj\":\"").append(subject).append("\"}");
}

std::string info_request(std::string_view subject) {
  return std::string("{\"subjects_filter\":\"").append(subject).append("\"}");
}

std::string consumer_request(std::string_view stream, sequence from, std::string_view subject) {
  // Nothing is acknowledged, nothing need survive: the cheapest consumer there is. The server
  // forgets it by itself (in ns) should our deletion get lost.
  return std::string("{\"stream_name\":\"")
      .append(stream)
      .append("\",\"config\":{\"deliver_policy\":\"by_start_sequence\",\"opt_start_seq\":")
      .append(std::to_string(from))
      .append(",\"filter_subject\":\"")
      .append(subject)
      .append(
          "\",\"ack_policy\":\"none\",\"replay_policy\":\"instant\",\"mem_storage\":true,"
          "\"num_replicas\":1,\"inactive_threshold\":10000000000}}");
}

std::string pull_request(std::size_t batch) {
  return std::string("{\"batch\":").append(std::to_string(batch)).append(",\"no_wait\":true}");
}

std::optional<std::string> parse_consumer_name(std::string_view answer) {
  if (find_error(answer)) return std::nullopt;
  const auto name = text_member(answer, "name");
  if (!name || name->empty()) return std::nullopt;
  return std::string(*name);
}

std::optional<delivery> parse_delivery(std::string_view reply_subject) {
  // $JS.ACK.<stream>.<consumer>.<delivered>.<seq>.<number>.<time>.<pending>; where domains are in
  // use, domain and account come before the stream and a random token last.
  std::array<std::string_view, 12> tokens;
  std::size_t count = 0;
  for (auto rest = reply_subject; count < tokens.size();) {
    const auto dot = rest.find('.');
    tokens[count++] = rest.substr(0, dot);
    if (dot == rest.npos) break;
    rest.remove_prefix(dot + 1);
  }
  if (count < 9 || count == 10 || tokens[0] != "$JS" || tokens[1] != "ACK") return std::nullopt;
  const std::size_t skipped = count == 9 ? 0 : 2;
  const auto parse = [&](std::size_t index, std::uint64_t& out) {
    const auto token = tokens[index + skipped];
    return std::from_chars(token.data(), token.data() + token.size(), out).ec == std::errc{};
  };
  delivery out{std::string(tokens[3 + skipped])};
  if (!parse(5, out.seq) || !parse(6, out.number) || !parse(8, out.pending)) return std::nullopt;
  return out;
}

std::optional<std::string> decode_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const int value = base64_value(c);
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>(bits >> held & 0xFF);
    }
  }
  if (held >= 6) return std::nullopt;
  return out;
}

}  // namespace starling::cluster::jetstream
