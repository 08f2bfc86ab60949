#include "actors/api/node_codec.hpp"

#include <bit>
#include <cstring>
#include <limits>
#include <utility>

#include "cluster/envelope.hpp"
#include "cluster/fields.hpp"
#include "net/base/metrics.hpp"
#include "net/wire/admin_fields.hpp"

namespace starling::actors {

namespace {

using cluster::field_reader;

/// What a question begins with: some drain nodes, and no other bytes may happen to be one.
constexpr std::string_view question_mark = "sq1";
/// Items of a list: so many small ones cannot become a lot of memory.
constexpr std::size_t max_items = 100'000;

template <class T>
concept has_members = requires(T& of) {
  T::members(of);
};

// -- writing: the content of one value, without its length ----------------------------------------

void put(std::string& out, const std::string& text) { out += text; }
template <class Tag>
void put(std::string& out, const strong_string<Tag>& id) {
  out += id.str();
}
void put(std::string& out, const device_id& id) { out += id.str(); }
void put(std::string& out, const session_id& id) {
  out.append(reinterpret_cast<const char*>(id.bytes().data()), id.bytes().size());
}
void put(std::string& out, channel_kind kind) { out += static_cast<char>(kind); }
void put(std::string& out, bool flag) { out += flag ? '\1' : '\0'; }
void put(std::string& out, double number) {
  const auto bits = std::bit_cast<std::uint64_t>(number);
  for (unsigned shift = 0; shift < 64; shift += 8) out += static_cast<char>(bits >> shift & 0xFF);
}
template <std::unsigned_integral Number>
void put(std::string& out, Number n) {
  cluster::put_varint(out, n);
}
/// Small negative numbers stay short: 0, -1, 1, -2 are 0, 1, 2, 3.
void put(std::string& out, std::int64_t n) {
  cluster::put_varint(out,
                      static_cast<std::uint64_t>(n) << 1 ^ static_cast<std::uint64_t>(n >> 63));
}
void put(std::string& out, const event& item) { out += cluster::encode(item); }
template <class T>
void put(std::string& out, const std::optional<T>& value) {
  if (value) put(out, *value);
}
template <class T>
void put(std::string& out, const std::vector<T>& list);
template <has_members T>
void put(std::string& out, const T& of);
template <net::administrative T>
void put(std::string& out, const T& of);
void put(std::string& out, const net::identity& identity);

void put_member(std::string& out, const auto& value) {
  std::string content;
  put(content, value);
  cluster::put_field(out, content);
}

template <class T>
void put(std::string& out, const std::vector<T>& list) {
  for (const auto& each : list) put_member(out, each);
}
template <has_members T>
void put(std::string& out, const T& of) {
  std::apply([&](const auto&... each) { (put_member(out, each), ...); }, T::members(of));
}
template <net::administrative T>
void put(std::string& out, const T& of) {
  net::each_field(of, [&](const char*, const auto& value) { put_member(out, value); });
}
auto members_of(auto& identity) {
  return std::tie(identity.tenant, identity.user, identity.device, identity.rooms, identity.publish,
                  identity.expires_s, identity.publish_all, identity.admin, identity.is_operator);
}
void put(std::string& out, const net::identity& identity) {
  std::apply([&](const auto&... each) { (put_member(out, each), ...); }, members_of(identity));
}

// -- reading: false when the content is none of that kind -----------------------------------------

bool take(std::string_view bytes, std::string& out) {
  out = bytes;
  return true;
}
template <class Tag>
bool take(std::string_view bytes, strong_string<Tag>& out) {
  out = strong_string<Tag>(std::string(bytes));
  return true;
}
bool take(std::string_view bytes, device_id& out) {
  out = device_id(std::string(bytes));
  return true;
}
bool take(std::string_view bytes, session_id& out) {
  std::array<std::uint8_t, 16> id;
  if (bytes.size() != id.size()) return false;
  std::memcpy(id.data(), bytes.data(), id.size());
  out = std::bit_cast<session_id>(id);
  return true;
}
bool take(std::string_view bytes, channel_kind& out) {
  if (bytes.size() != 1 || static_cast<unsigned char>(bytes[0]) > 3) return false;
  out = static_cast<channel_kind>(bytes[0]);
  return true;
}
bool take(std::string_view bytes, bool& out) {
  if (bytes.size() != 1 || static_cast<unsigned char>(bytes[0]) > 1) return false;
  out = bytes[0] != 0;
  return true;
}
bool take(std::string_view bytes, double& out) {
  if (bytes.size() != 8) return false;
  std::uint64_t bits = 0;
  for (std::size_t i = 8; i-- > 0;) bits = bits << 8 | static_cast<unsigned char>(bytes[i]);
  out = std::bit_cast<double>(bits);
  return out - out == 0;  // a number, and finite
}
template <std::unsigned_integral Number>
bool take(std::string_view bytes, Number& out) {
  field_reader in(bytes);
  const auto n = in.varint();
  if (!n || !in.at_end() || *n > std::numeric_limits<Number>::max()) return false;
  out = static_cast<Number>(*n);
  return true;
}
bool take(std::string_view bytes, std::int64_t& out) {
  std::uint64_t n = 0;
  if (!take(bytes, n)) return false;
  out = static_cast<std::int64_t>(n >> 1) ^ -static_cast<std::int64_t>(n & 1);
  return true;
}
bool take(std::string_view bytes, event& out) {
  auto item = cluster::decode(bytes);
  if (!item || !cluster::check_content(*item)) return false;
  out = std::move(*item);
  return true;
}
template <class T>
bool take(std::string_view bytes, std::optional<T>& out) {
  if (bytes.empty()) {
    out.reset();
    return true;
  }
  return take(bytes, out.emplace());
}
template <class T>
bool take(std::string_view bytes, std::vector<T>& out);
template <has_members T>
bool take(std::string_view bytes, T& out);
template <net::administrative T>
bool take(std::string_view bytes, T& out);
bool take(std::string_view bytes, net::identity& out);

/// A member that is not there is one that the other node does not know, and keeps its default. An
/// event has none that could be one.
template <class T>
bool take_member(field_reader& in, T& out) {
  if (in.at_end()) return !std::same_as<T, event>;
  const auto content = in.field();
  return content && take(*content, out);
}

template <class T>
bool take(std::string_view bytes, std::vector<T>& out) {
  out.clear();
  for (field_reader in(bytes); !in.at_end();)
    if (out.size() == max_items || !take_member(in, out.emplace_back())) return false;
  return true;
}
template <has_members T>
bool take(std::string_view bytes, T& out) {
  field_reader in(bytes);
  return std::apply([&](auto&... each) { return (take_member(in, each) && ...); }, T::members(out));
}
template <net::administrative T>
bool take(std::string_view bytes, T& out) {
  field_reader in(bytes);
  bool good = true;
  net::each_field(out, [&](const char*, auto& value) { good = good && take_member(in, value); });
  return good;
}
bool take(std::string_view bytes, net::identity& out) {
  field_reader in(bytes);
  return std::apply([&](auto&... each) { return (take_member(in, each) && ...); }, members_of(out));
}

error malformed(const char* kind) {
  return {errc::malformed, std::string("not a well-formed ") + kind};
}
error too_large() { return {errc::too_large, "larger than a node message"}; }

/// The alternative with the number `index`.
template <std::size_t... I>
question make_question(std::size_t index, std::index_sequence<I...>) {
  question out;
  ((index == I ? static_cast<void>(out.emplace<I>()) : void()), ...);
  return out;
}

/// An answer on its way: an error's code and message, both empty for none, and what was asked for.
struct answer_frame {
  std::string code;
  std::string message;
  std::string body;
  static auto members(auto& of) { return std::tie(of.code, of.message, of.body); }
};

answer_frame frame_of(const error& why) {
  return {std::string(info(why.code).code), why.message, {}};
}

std::string bytes_of(const has_members auto& of) {
  std::string out;
  put(out, of);
  return out;
}

errc errc_of(std::string_view code) {
  for (std::size_t i = 0; i < errc_count; ++i)
    if (info(static_cast<errc>(i)).code == code) return static_cast<errc>(i);
  return errc::internal;
}

}  // namespace

std::string encode(const question& asked) {
  std::string out(question_mark);
  cluster::put_varint(out, asked.index());
  std::visit([&out](const auto& each) { put(out, each); }, asked);
  return out;
}

result<question> decode_question(std::string_view bytes) {
  if (bytes.size() > max_node_message) return too_large();
  if (!bytes.starts_with(question_mark)) return malformed("question");
  bytes.remove_prefix(question_mark.size());
  if (bytes.empty()) return malformed("question");
  // One byte is the number of every question there is.
  const auto number = static_cast<unsigned char>(bytes.front());
  if (number >= std::variant_size_v<question>)
    return error{errc::not_found, "a question that this node does not know"};
  auto out = make_question(number, std::make_index_sequence<std::variant_size_v<question>>{});
  bytes.remove_prefix(1);
  const bool good = std::visit([&](auto& each) { return take(bytes, each); }, out);
  if (!good) return malformed("question");
  return out;
}

std::string encode(const any_answer& given) {
  answer_frame frame;
  const auto fill = [&frame](const auto& each) {
    if (each.given)
      put(frame.body, *each.given);
    else
      frame = frame_of(each.given.error());
  };
  std::visit(fill, given);
  return bytes_of(frame);
}

std::string encode(const error& why) { return bytes_of(frame_of(why)); }

result<void> decode_answer(std::string_view bytes, any_answer& out) {
  if (bytes.size() > max_node_message) return too_large();
  answer_frame frame;
  if (!take(bytes, frame)) return malformed("answer");
  const auto read = [&frame]<class Question>(answer_to<Question>& each) {
    typename Question::answer body;
    if (!frame.code.empty())
      each.given = error{errc_of(frame.code), std::move(frame.message)};
    else if (take(frame.body, body))
      each.given = std::move(body);
    else
      return false;
    return true;
  };
  if (!std::visit(read, out)) return malformed("answer");
  return {};
}

std::string encode(const announcement& told) { return bytes_of(told); }

result<announcement> decode_announcement(std::string_view bytes) {
  if (bytes.size() > max_node_message) return too_large();
  announcement out;
  if (!take(bytes, out) || !valid_user(out.node.id)) return malformed("announcement");
  return out;
}

}  // namespace starling::actors
