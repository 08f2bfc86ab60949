#include <array>
#include <unordered_set>
#include <utility>

#include "net/base/limits.hpp"
#include "net/wire/json_reader.hpp"
#include "net/wire/publish_codec.hpp"

namespace starling::net {

namespace {

using command_type = ws_command::type;

constexpr std::array<std::pair<std::string_view, command_type>, 6> types{{
    {"subscribe", command_type::subscribe},
    {"unsubscribe", command_type::unsubscribe},
    {"publish", command_type::publish},
    {"presence", command_type::presence},
    {"auth", command_type::auth},
    {"ping", command_type::ping},
}};
constexpr std::size_t max_ref_bytes = 128;
constexpr std::size_t max_state_bytes = 64;

/// First pass: which command it is, and its `ref`.
result<command_type> read_type(std::string_view text, std::string& ref_json) {
  json_reader in(text);
  if (in.peek() != json_kind::object)
    return malformed(in.failed() ? in.failure() : "a command must be a JSON object");
  std::string type;
  std::string ref;
  bool ref_is_plain = true;
  in.enter();
  for (std::string name; in.next_member(name);) {
    if (name == "type" && in.peek() == json_kind::string) {
      in.read_string(type);
    } else if (name == "ref") {
      const auto kind = in.peek();
      ref_is_plain = kind == json_kind::string || kind == json_kind::number;
      ref.clear();
      in.read_compact(ref);
    } else {
      in.skip();
    }
  }
  if (!in.finish()) return malformed(in.failure());
  if (!ref_is_plain || ref.size() > max_ref_bytes)
    return malformed("ref must be a string or a number of at most 128 bytes");
  ref_json = std::move(ref);
  for (const auto& [name, value] : types)
    if (name == type) return value;
  return malformed("type must be subscribe, unsubscribe, publish, presence, auth or ping");
}

/// Each name once, in the order given.
result<void> read_rooms(json_reader& in, std::size_t most, std::vector<std::string>& rooms) {
  if (in.peek() != json_kind::array) return malformed("rooms must be a list of room names");
  std::unordered_set<std::string> seen(rooms.begin(), rooms.end());
  in.enter();
  while (in.next_element()) {
    std::string room;
    if (in.peek() != json_kind::string || !in.read_string(room) || !valid_room(room))
      return malformed("each of rooms must be " + std::string(room_rule));
    if (!seen.insert(room).second) continue;
    if (seen.size() > most) return too_many_rooms(most);
    rooms.push_back(std::move(room));
  }
  return {};
}

/// A string member; false when the value is none.
bool read_text(json_reader& in, std::string& out) {
  return in.peek() == json_kind::string && in.read_string(out);
}

result<void> read_member(json_reader& in, const std::string& name, const publish_limits& limits,
                         ws_command& out) {
  const bool rooms =
      out.action == command_type::subscribe || out.action == command_type::unsubscribe;
  if (name == "rooms" && rooms) return read_rooms(in, limits.max_rooms, out.rooms);
  if (name == "last_event_id" && out.action == command_type::subscribe) {
    if (in.peek() != json_kind::null) {
      if (!read_text(in, out.last_event_id.emplace()))
        return malformed("last_event_id must be a string");
      return {};
    }
  } else if (name == "state" && out.action == command_type::presence) {
    if (!read_text(in, out.state)) return malformed("state must be a string");
    return {};
  } else if (name == "token" && out.action == command_type::auth) {
    if (!read_text(in, out.token)) return malformed("token must be a string");
    return {};
  }
  in.skip();
  return {};
}

result<void> check(const ws_command& command) {
  switch (command.action) {
    case command_type::subscribe:
    case command_type::unsubscribe:
      if (command.rooms.empty()) return malformed("rooms must name at least one room");
      break;
    case command_type::presence:
      if (command.state.size() > max_state_bytes || !valid_event_name(command.state))
        return malformed("state must be 1-64 bytes without control characters");
      break;
    case command_type::auth:
      if (command.token.empty()) return malformed("token is missing");
      break;
    case command_type::publish:
    case command_type::ping: break;
  }
  return {};
}

}  // namespace

error too_many_rooms(std::size_t most) {
  limit_counts::add(limit_kind::rooms_per_session);
  return {errc::too_large, "more than " + std::to_string(most) +
                               " rooms for one session, which is limits.rooms_per_session"};
}

result<ws_command> parse_ws_command(std::string_view text, const publish_limits& limits,
                                    std::string& ref_json) {
  ref_json.clear();
  const auto type = read_type(text, ref_json);
  if (!type) return type.error();
  ws_command out;
  out.action = *type;
  out.ref_json = ref_json;
  json_reader in(text);
  if (out.action == command_type::publish) {
    out.item = read_publish_item(in, limits, item_place::command);
    if (!out.item) return out.item.error();
    return out;
  }
  in.enter();
  for (std::string name; in.next_member(name);)
    if (const auto read = read_member(in, name, limits, out); !read) return read.error();
  if (const auto whole = check(out); !whole) return whole.error();
  return out;
}

}  // namespace starling::net
