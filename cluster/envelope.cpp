#include "cluster/envelope.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "cluster/fields.hpp"
#include "net/base/trace.hpp"
#include "net/wire/json_reader.hpp"

namespace starling::cluster {

namespace {

constexpr char version = 1;
constexpr int data_is_text = 1;  // flags
constexpr int id_given = 2;
constexpr std::size_t session_bytes = 16;
/// Of a list: so many small ones cannot become a lot of memory. A publish has fewer.
constexpr std::size_t max_list_items = 100'000;
static_assert(sizeof(session_id) == session_bytes);

std::string little_endian(std::uint64_t n) {
  std::string out(8, '\0');
  for (auto& byte : out) {
    byte = static_cast<char>(n & 0xFF);
    n >>= 8;
  }
  return out;
}

using reader = field_reader;

error malformed(std::string_view problem) {
  return {errc::malformed, std::string("envelope: ").append(problem)};
}

error bad_field(std::string_view name) {
  return malformed(
      std::string("field '").append(name).append("' is missing, cut short or invalid"));
}

bool read_version(std::string_view& bytes) noexcept {
  if (bytes.empty() || bytes.front() != version) return false;
  bytes.remove_prefix(1);
  return true;
}

bool read_text(reader& in, std::string& out) {
  const auto bytes = in.field();
  if (!bytes) return false;
  out = *bytes;
  return true;
}

bool read_data(reader& in, shared_text& out) {
  const auto bytes = in.field();
  if (!bytes) return false;
  out = std::string(*bytes);
  return true;
}

bool read_kind(reader& in, channel_kind& out) noexcept {
  const auto bytes = in.field();
  if (!bytes || bytes->size() != 1) return false;
  const auto value = static_cast<unsigned char>(bytes->front());
  if (value > static_cast<unsigned char>(channel_kind::client)) return false;
  out = static_cast<channel_kind>(value);
  return true;
}

bool read_flags(reader& in, event& out) noexcept {
  const auto bytes = in.field();
  if (!bytes || bytes->size() != 1) return false;
  out.data_is_text = (bytes->front() & data_is_text) != 0;
  out.id_given = (bytes->front() & id_given) != 0;
  return true;
}

bool read_time(reader& in, std::int64_t& out) noexcept {
  const auto bytes = in.field();
  if (!bytes || bytes->size() != 8) return false;
  std::uint64_t value = 0;
  for (std::size_t i = 8; i-- > 0;) value = value << 8 | static_cast<unsigned char>((*bytes)[i]);
  out = static_cast<std::int64_t>(value);
  return true;
}

bool read_sessions(reader& in, shared_list<session_id>& to) {
  const auto bytes = in.field();
  if (!bytes || bytes->size() % session_bytes != 0) return false;
  if (bytes->size() / session_bytes > max_list_items) return false;
  std::vector<session_id> out;
  out.reserve(bytes->size() / session_bytes);
  for (std::size_t at = 0; at < bytes->size(); at += session_bytes) {
    std::array<std::uint8_t, session_bytes> id;
    std::memcpy(id.data(), bytes->data() + at, session_bytes);
    out.push_back(std::bit_cast<session_id>(id));
  }
  to = std::move(out);
  return true;
}

bool read_names(reader& in, shared_list<std::string>& to) {
  const auto bytes = in.field();
  if (!bytes) return false;
  std::vector<std::string> out;
  for (reader names(*bytes); !names.at_end();) {
    const auto name = names.field();
    if (!name || out.size() == max_list_items) return false;
    out.emplace_back(*name);
  }
  to = std::move(out);
  return true;
}

std::size_t field_bytes(std::size_t content) noexcept {
  std::size_t length = 1;
  for (auto n = content; n >= 0x80; n >>= 7) ++length;
  return length + content;
}

std::size_t bytes_of(const shared_list<std::string>& names) noexcept {
  std::size_t out = 0;
  for (const auto& name : names) out += field_bytes(name.size());
  return out;
}

}  // namespace

std::size_t encoded_bytes(const event& event) noexcept {
  constexpr std::size_t one_byte = 2;  // kind, flags
  constexpr std::size_t accepted = 9;
  std::size_t out = 1 + 2 * one_byte + accepted;
  for (const auto size : {event.channel.tenant.str().size(), event.channel.name.size(),
                          event.id.size(), event.name.size(), event.data.size(),
                          event.sender.size(), event.exclude.size() * session_bytes,
                          bytes_of(event.earlier_targets), event.traceparent.size()})
    out += field_bytes(size);
  return out;
}

std::string encode(const event& event) {
  std::string sessions;
  for (const auto& id : event.exclude)
    sessions.append(reinterpret_cast<const char*>(id.bytes().data()), session_bytes);
  std::string names;
  for (const auto& name : event.earlier_targets) put_field(names, name);

  std::string out;
  out.reserve(encoded_bytes(event));
  out += version;
  put_field(out, event.channel.tenant.str());
  const char kind = static_cast<char>(event.channel.kind);
  put_field(out, {&kind, 1});
  put_field(out, event.channel.name);
  put_field(out, event.id);
  put_field(out, event.name);
  put_field(out, event.data);
  const auto flags =
      static_cast<char>((event.data_is_text ? data_is_text : 0) | (event.id_given ? id_given : 0));
  put_field(out, {&flags, 1});
  put_field(out, little_endian(static_cast<std::uint64_t>(event.accepted_ns)));
  put_field(out, event.sender);
  put_field(out, sessions);
  put_field(out, names);
  put_field(out, event.traceparent);
  return out;
}

result<event> decode(std::string_view bytes) {
  if (!read_version(bytes)) return malformed("not version 1");
  reader in(bytes);
  event out;
  std::string tenant;
  if (!read_text(in, tenant)) return bad_field("tenant");
  out.channel.tenant = tenant_id(std::move(tenant));
  if (!read_kind(in, out.channel.kind)) return bad_field("kind");
  if (!read_text(in, out.channel.name)) return bad_field("name");
  if (!read_text(in, out.id)) return bad_field("id");
  if (!read_text(in, out.name)) return bad_field("event");
  if (!read_data(in, out.data)) return bad_field("data");
  if (!read_flags(in, out)) return bad_field("flags");
  if (!read_time(in, out.accepted_ns)) return bad_field("accepted");
  if (!read_text(in, out.sender)) return bad_field("sender");
  if (!read_sessions(in, out.exclude)) return bad_field("exclude");
  if (!read_names(in, out.earlier_targets)) return bad_field("earlier_targets");
  // Earlier versions wrote none.
  if (!in.at_end() && !read_text(in, out.traceparent)) return bad_field("traceparent");
  return out;
}

result<void> check_content(const event& item) {
  if (!valid_event_id(item.id)) return error{errc::malformed, "the id is none"};
  if (!valid_event_name(item.name)) return error{errc::malformed, "the event name is none"};
  if (!item.sender.empty() && !valid_user(item.sender))
    return error{errc::malformed, "the sender is no user"};
  if (!item.traceparent.empty() && !valid_traceparent(item.traceparent))
    return error{errc::malformed, "the traceparent is none"};
  if (item.data_is_text) return {};
  net::json_reader data(item.data);
  if (!data.skip() || !data.finish()) return error{errc::malformed, data.failure()};
  return {};
}

std::string encode(const node_id& from, std::string_view payload) {
  std::string out;
  out.reserve(from.str().size() + payload.size() + 8);
  out += version;
  put_field(out, from.str());
  put_field(out, payload);
  return out;
}

result<node_message> decode_node_message(std::string_view bytes) {
  if (!read_version(bytes)) return malformed("not version 1");
  reader in(bytes);
  std::string from;
  node_message out;
  if (!read_text(in, from) || !valid_user(from)) return bad_field("from");
  if (!read_text(in, out.payload)) return bad_field("payload");
  out.from = node_id(std::move(from));
  return out;
}

}  // namespace starling::cluster
