#include "cluster/nats/jetstream_api.hpp"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <variant>
#include <vector>

#include "cluster/nats/store_marks.hpp"
#include "net/base/base64.hpp"

namespace starling::cluster::jetstream {

namespace {

/// Deeper than any answer; what is deeper is none.
constexpr std::size_t max_depth = 16;

using scalar = std::variant<std::uint64_t, std::string_view, bool>;

/// Walks over an answer without building a tree of it: what a message holds may be large, and of an
/// acknowledgement, of which there are many, only two members matter.
///
/// Calls `member(path, value)` with paths such as `state.first_seq`, for numbers that are not
/// negative, texts and truth values; what is in arrays is passed over.
template <class Member>
class walker final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit walker(Member& member) : member_(member) {}

  bool null() override { return true; }
  bool boolean(bool value) override { return report(value); }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t value) override { return report(value); }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t& value) override { return report(std::string_view(value)); }
  bool binary(binary_t&) override { return false; }
  bool key(string_t& name) override {
    if (arrays_ == 0) {
      path_.resize(levels_.back());
      path_ += name;
    }
    return true;
  }
  bool start_object(std::size_t) override {
    if (arrays_ > 0) return ++ignored_ < max_depth;
    if (!levels_.empty()) path_ += '.';
    levels_.push_back(path_.size());
    return levels_.size() < max_depth;
  }
  bool end_object() override {
    if (arrays_ > 0)
      --ignored_;
    else
      levels_.pop_back();
    return true;
  }
  bool start_array(std::size_t) override { return ++arrays_ < max_depth; }
  bool end_array() override {
    --arrays_;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  bool report(scalar value) {
    if (arrays_ == 0 && !levels_.empty()) member_(std::string_view(path_), value);
    return true;
  }

  Member& member_;
  std::string path_;
  std::vector<std::size_t> levels_;  ///< of the open objects: where their names begin in `path_`
  std::size_t arrays_ = 0;
  std::size_t ignored_ = 0;  ///< open objects within arrays
};

/// Takes `value` when it is of that type.
template <class T>
void assign(std::optional<T>& out, const scalar& value) {
  if (const auto* const fits = std::get_if<T>(&value)) out = *fits;
}

/// What all answers have in common: `take(path, value)` for each member, the error by itself.
/// False: it is an error or no answer at all, and `error` says so.
template <class Take>
bool read(std::string_view text, api_error& error, Take take) {
  bool refused = false;
  api_error said{0, 0, "no description"};
  const auto member = [&](std::string_view path, const scalar& value) {
    if (!path.starts_with("error.")) return take(path, value);
    refused = true;
    std::optional<std::uint64_t> number;
    assign(number, value);
    if (path == "error.code" && number) said.code = static_cast<int>(*number);
    if (path == "error.err_code" && number) said.err_code = static_cast<int>(*number);
    if (path == "error.description")
      if (const auto* const words = std::get_if<std::string_view>(&value))
        said.description = *words;
  };
  walker<decltype(member)> walk(member);
  const bool whole = nlohmann::json::sax_parse(text.begin(), text.end(), &walk);
  if (whole && refused) error = std::move(said);
  return whole && !refused;
}

}  // namespace

answer<publish_ack> parse_ack(std::string_view text) {
  answer<publish_ack> out;
  std::optional<std::uint64_t> seq;
  std::optional<bool> duplicate;
  const bool good = read(text, out.error, [&](std::string_view path, const scalar& value) {
    if (path == "seq") assign(seq, value);
    if (path == "duplicate") assign(duplicate, value);
  });
  if (good && seq.value_or(0) != 0) out.value = publish_ack{*seq, duplicate.value_or(false)};
  return out;
}

answer<stream_info> parse_info(std::string_view text) {
  answer<stream_info> out;
  std::optional<std::uint64_t> first, last, on_subject;
  std::optional<epoch_id> epoch;
  std::string leader;
  const bool good = read(text, out.error, [&](std::string_view path, const scalar& value) {
    const auto* const words = std::get_if<std::string_view>(&value);
    if (path == "config.description" && words) epoch = find_epoch(*words);
    if (path == "cluster.leader" && words) leader = *words;
    if (path == "state.first_seq") assign(first, value);
    if (path == "state.last_seq") assign(last, value);
    // Its only member: the subject that was asked for, whose dots are no levels.
    if (path.starts_with("state.subjects.")) assign(on_subject, value);
  });
  if (good && epoch && first && last)
    out.value = stream_info{*epoch, *first, *last, on_subject.value_or(0), std::move(leader)};
  return out;
}

answer<stored_message> parse_message(std::string_view text) {
  answer<stored_message> out;
  std::optional<std::uint64_t> seq;
  std::optional<std::string> data = std::string();  // an empty message has no such member
  const bool good = read(text, out.error, [&](std::string_view path, const scalar& value) {
    if (path == "message.seq") assign(seq, value);
    if (path != "message.data") return;
    const auto* const encoded = std::get_if<std::string_view>(&value);
    data = encoded ? base64_decode(*encoded) : std::nullopt;
  });
  if (good && seq.value_or(0) != 0 && data) out.value = stored_message{*seq, std::move(*data)};
  return out;
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

std::string pull_request(std::size_t batch, std::size_t max_bytes) {
  return std::string("{\"batch\":")
      .append(std::to_string(batch))
      .append(",\"max_bytes\":")
      .append(std::to_string(max_bytes))
      .append(",\"no_wait\":true}");
}

answer<std::string> parse_consumer_name(std::string_view text) {
  answer<std::string> out;
  std::string name;
  const bool good = read(text, out.error, [&](std::string_view path, const scalar& value) {
    const auto* const words = std::get_if<std::string_view>(&value);
    if (path == "name" && words) name = *words;
  });
  if (good && !name.empty()) out.value = std::move(name);
  return out;
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

}  // namespace starling::cluster::jetstream
