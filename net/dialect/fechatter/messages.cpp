#include "net/dialect/fechatter/messages.hpp"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "net/base/clock.hpp"
#include "net/base/time_text.hpp"
#include "net/wire/codec.hpp"

namespace starling::net::fechatter {

namespace {

using json = nlohmann::ordered_json;

constexpr std::string_view chat_prefix = "chat:";
constexpr std::string_view new_message = "new_message";

std::string text_of(const json& what) {
  return what.dump(-1, ' ', false, json::error_handler_t::replace);
}

json id_value(std::string_view id) {
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(id.data(), id.data() + id.size(), number);
  const bool whole = failed == std::errc() && end == id.data() + id.size();
  if (whole && std::to_string(number) == id) return number;
  return std::string(id);
}

/// `UserJoinedChat` to `user_joined_chat`; names without capitals stay.
std::string snake_case(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool capital = c >= 'A' && c <= 'Z';
    if (capital && !out.empty() && out.back() != '_') out += '_';
    out += capital ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

std::string type_of(const event& what, const json& data) {
  // What its clients look for where that is not the event's name in their spelling.
  if (what.name == "UserPresence") return "presence";
  if (what.name == "Generic" && data.is_object())
    if (const auto own = data.find("type"); own != data.end() && own->is_string())
      return own->get<std::string>();
  return snake_case(what.name);
}

json data_of(const event& what) {
  if (what.data_is_text) return what.data;
  auto out = json::parse(what.data, nullptr, false);
  return out.is_discarded() ? json(what.data) : out;
}

void set_if_absent(json& in, const char* name, json value) {
  if (!in.contains(name)) in[name] = std::move(value);
}

/// Members that stand in one of the two are in both then.
void share(json& flat, json& nested, const char* name) {
  if (flat.contains(name))
    set_if_absent(nested, name, flat[name]);
  else if (nested.contains(name))
    flat[name] = nested[name];
}

void complete_message(json& flat, const event& what) {
  json nested =
      flat.contains("message") && flat["message"].is_object() ? flat["message"] : json::object();
  static constexpr std::array members{"id",      "chat_id", "sender_id",
                                      "content", "files",   "created_at"};
  share(flat, nested, "id");
  set_if_absent(flat, "id", id_value(what.id));
  if (!nested.contains("sender_id") && !what.sender.empty())
    set_if_absent(flat, "sender_id", id_value(what.sender));
  if (!nested.contains("created_at")) set_if_absent(flat, "created_at", rfc3339(what.ts_ms()));
  for (const auto* name : members) share(flat, nested, name);
  flat["message"] = std::move(nested);
}

}  // namespace

std::string message_of(const event& what, reader for_whom, std::string_view position) {
  auto data = data_of(what);
  const auto type = type_of(what, data);
  const bool of_chat = type == new_message;
  json out = {{"type", of_chat && for_whom == reader::socket ? std::string("chat_message") : type}};
  if (data.is_object()) {
    data.erase("type");
    for (auto& [name, value] : data.items()) out[name] = std::move(value);
  } else {
    out["data"] = std::move(data);
  }
  const auto& room = what.channel.name;
  if (what.channel.kind == channel_kind::room && room.starts_with(chat_prefix))
    set_if_absent(out, "chat_id", id_value(std::string_view(room).substr(chat_prefix.size())));
  if (of_chat) complete_message(out, what);
  set_if_absent(out, "timestamp",
                out.contains("created_at") ? out["created_at"] : json(rfc3339(what.ts_ms())));
  if (for_whom == reader::socket) {
    if (of_chat) out["message_id"] = out["id"];
    out["position"] = std::string(position);
  }
  return text_of(out);
}

std::string welcome(const connected& what) {
  auto said = json::parse(to_json(what));
  json chats = json::array();
  for (const auto& room : what.rooms)
    if (room.starts_with(chat_prefix))
      chats.push_back(id_value(std::string_view(room).substr(chat_prefix.size())));
  json out = {{"type", "connection_confirmed"},
              {"user_id", id_value(what.user)},
              {"connection_id", what.client_id.str()},
              {"connected_chats", chats.size()},
              {"connected_chat_ids", chats},
              {"timestamp", rfc3339(what.server_time_ms)},
              {"server_time", what.server_time_ms / 1000},
              {"message", "connected to " + what.node}};
  for (auto& [name, value] : said.items()) set_if_absent(out, name.c_str(), std::move(value));
  return text_of(out);
}

std::string heartbeat(std::string_view user, std::uint64_t number, std::int64_t now_ms) {
  return text_of({{"type", "heartbeat"},
                  {"user_id", id_value(user)},
                  {"heartbeat_id", number},
                  {"timestamp", rfc3339(now_ms)},
                  {"server_time", now_ms / 1000}});
}

std::string farewell(const goodbye& what) { return notice("goodbye", to_json(what)); }

std::string notice(std::string_view name, std::string_view json_object) {
  json out = {{"type", std::string(name)}};
  const auto said = json::parse(json_object, nullptr, false);
  if (!said.is_object()) return text_of(out);
  for (const auto& [member, value] : said.items()) out[member] = value;
  return text_of(out);
}

std::string id_json(std::string_view id) { return text_of(id_value(id)); }

std::string room_of_chat(std::string_view chat) { return std::string(chat_prefix).append(chat); }

}  // namespace starling::net::fechatter
