#include "net/dialect/mercure/update.hpp"

#include <algorithm>
#include <charconv>

namespace starling::net::mercure {

namespace {

// "1", a flag, retry, ";", then type and each topic as "<length>:<bytes>", an empty one, the data.
constexpr char version = '1';
constexpr char public_flag = '-';
constexpr char private_flag = 'p';

/// Takes a number and the byte that ends it off the front.
template <class Number>
bool take_number(std::string_view& from, char end, Number& out) {
  const auto [at, failed] = std::from_chars(from.data(), from.data() + from.size(), out);
  if (failed != std::errc{} || at == from.data() + from.size() || *at != end) return false;
  from.remove_prefix(static_cast<std::size_t>(at - from.data()) + 1);
  return true;
}

void put_text(std::string& out, std::string_view text) {
  out.append(std::to_string(text.size())).append(":").append(text);
}

bool take_text(std::string_view& from, std::string& out) {
  std::size_t size = 0;
  if (!take_number(from, ':', size) || size > from.size()) return false;
  out = from.substr(0, size);
  from.remove_prefix(size);
  return true;
}

bool is_hubs(const channel& channel) noexcept {
  return channel.kind == channel_kind::room &&
         (channel.name == updates_room || channel.name == subscriptions_room);
}

seen_update seen(const update& whole) {
  return {&whole.topics, whole.is_private, whole.retry_ms, whole.type, whole.data};
}

}  // namespace

const session_id hub_session = *session_id::parse("6d657263-7572-8000-8000-000000000000");

std::string pack(const update& update) {
  std::string out{version, update.is_private ? private_flag : public_flag};
  out.append(std::to_string(update.retry_ms)).append(";");
  put_text(out, update.type);
  for (const auto& topic : update.topics) put_text(out, topic);
  put_text(out, {});
  return out.append(update.data);
}

std::optional<update> unpack(std::string_view bytes) {
  if (bytes.size() < 2 || bytes[0] != version) return std::nullopt;
  update out;
  out.is_private = bytes[1] != public_flag;
  bytes.remove_prefix(2);
  if (!take_number(bytes, ';', out.retry_ms) || !take_text(bytes, out.type)) return std::nullopt;
  for (std::string topic;;) {
    if (!take_text(bytes, topic)) return std::nullopt;
    if (topic.empty()) break;
    out.topics.push_back(topic);
  }
  if (out.topics.empty()) return std::nullopt;
  out.data = bytes;
  return out;
}

std::optional<seen_update> see(const event& event) {
  struct memory {
    std::string id;
    std::int64_t accepted_ns = 0;
    std::string_view bytes;  // where they were; never looked at
    std::optional<update> unpacked;
  };
  thread_local memory last;
  thread_local std::vector<std::string> room(1);
  if (is_hubs(event.channel)) {
    const bool same = event.data.data() == last.bytes.data() &&
                      event.data.size() == last.bytes.size() &&
                      event.accepted_ns == last.accepted_ns && event.id == last.id;
    if (!same) last = {event.id, event.accepted_ns, event.data, unpack(event.data)};
    if (!last.unpacked) return std::nullopt;
    return seen(*last.unpacked);
  }
  if (event.channel.kind != channel_kind::room) return std::nullopt;
  if (std::find(event.exclude.begin(), event.exclude.end(), hub_session) != event.exclude.end())
    return std::nullopt;
  room.front() = event.channel.name;
  return seen_update{&room, false, 0, event.name, event.data, true};
}

}  // namespace starling::net::mercure
