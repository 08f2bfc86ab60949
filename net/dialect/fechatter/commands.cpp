// What fechatter's WebSocket clients ask, and what they are answered.
#include <nlohmann/json.hpp>
#include <optional>

#include "net/base/clock.hpp"
#include "net/base/time_text.hpp"
#include "net/dialect/fechatter/formats.hpp"
#include "net/dialect/fechatter/messages.hpp"
#include "net/wire/json_reader.hpp"
#include "net/wire/publish_codec.hpp"
#include "net/wire/sse_text.hpp"

namespace starling::net::fechatter {

namespace {

using json = nlohmann::ordered_json;

/// What a command says beside what native ones do.
struct command_head {
  std::string type;
  std::optional<std::string> chat;  ///< digits, or whatever text stood there
};

result<command_head> read_head(std::string_view text) {
  json_reader in(text);
  command_head out;
  if (in.peek() != json_kind::object)
    return malformed(in.failed() ? in.failure() : "a command must be a JSON object");
  in.enter();
  for (std::string name; in.next_member(name);) {
    const auto kind = in.peek();
    if (name == "type" && kind == json_kind::string)
      in.read_string(out.type);
    else if (name == "chat_id" && kind == json_kind::string)
      in.read_string(out.chat.emplace());
    else if (name == "chat_id" && kind == json_kind::number)
      in.read_compact(out.chat.emplace());
    else
      in.skip();
  }
  if (!in.finish()) return malformed(in.failure());
  return out;
}

/// What the answer must know of the command: it travels as the command's `ref`.
std::string context_of(const command_head& head, std::string_view ref_json) {
  json out = {{"type", head.type}};
  if (head.chat) out["chat_id"] = json::parse(id_json(*head.chat));
  if (!ref_json.empty()) out["ref"] = json::parse(ref_json);
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

result<ws_command> parse(std::string_view text, const publish_limits& limits,
                         std::string& ref_json) {
  ref_json.clear();
  const auto head = read_head(text);
  if (!head) return head.error();
  const bool about_chat = head->type == "subscribe" || head->type == "unsubscribe";
  if (about_chat && head->chat) {
    const auto room = room_of_chat(*head->chat);
    if (!valid_room(room)) return malformed("chat_id must be the number of a chat");
    ref_json = context_of(*head, {});
    ws_command out;
    out.action =
        head->type == "subscribe" ? ws_command::type::subscribe : ws_command::type::unsubscribe;
    out.rooms.push_back(room);
    out.ref_json = ref_json;
    return out;
  }
  auto native = parse_ws_command(text, limits, ref_json);
  ref_json = context_of(*head, ref_json);
  if (native) native->ref_json = ref_json;
  return native;
}

frame answer(const json& value) {
  auto& out = wire_scratch();
  out += value.dump(-1, ' ', false, json::error_handler_t::replace);
  return ws_text_frame(out);
}

/// The command's chat and ref, behind what `out` says.
frame answer_to(std::string_view context_json, json out) {
  const auto context = json::parse(context_json, nullptr, false);
  if (context.is_object())
    for (const auto& [name, value] : context.items())
      if (name != "type") out[name] = value;
  return answer(out);
}

std::string type_in(std::string_view context_json) {
  const auto context = json::parse(context_json, nullptr, false);
  return context.is_object() ? context.value("type", "") : "";
}

frame ack(std::string_view context_json, std::string_view fields_json) {
  const auto type = type_in(context_json);
  const auto fields = json::parse(fields_json, nullptr, false);
  if (type == "auth") {
    const auto user = fields.is_object() ? fields.value("user", "") : "";
    return answer_to(
        context_json,
        {{"type", "auth_result"}, {"success", true}, {"user_id", json::parse(id_json(user))}});
  }
  json out = {{"type", type == "subscribe"     ? "subscribed"
                       : type == "unsubscribe" ? "unsubscribed"
                                               : "ack"}};
  if (fields.is_object())
    for (const auto& [name, value] : fields.items()) out[name] = value;
  return answer_to(context_json, std::move(out));
}

/// Its clients know two codes; others are ours.
std::string_view code_of(const error& why) {
  if (why.code == errc::malformed) return "invalid_message";
  if (why.code == errc::forbidden) return "unauthorized";
  return info(why.code).code;
}

frame failure(std::string_view context_json, const error& why) {
  if (type_in(context_json) == "auth")
    return answer_to(context_json,
                     {{"type", "auth_result"}, {"success", false}, {"message", why.message}});
  return answer_to(
      context_json,
      {{"type", "error"}, {"code", std::string(code_of(why))}, {"message", why.message}});
}

frame pong(std::string_view context_json) {
  return answer_to(context_json, {{"type", "pong"}, {"timestamp", rfc3339(wall_ms())}});
}

}  // namespace

const foreign_format::commands socket_commands{parse, ack, failure, pong};

}  // namespace starling::net::fechatter
