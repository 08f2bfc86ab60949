#include "net/wire/codec.hpp"

#include "net/wire/json_text.hpp"
#include "net/wire/json_writer.hpp"

namespace starling::net {

namespace {

void append_error(std::string& out, const error& why) {
  json_writer object(out);
  object.text("code", info(why.code).code);
  object.text("message", why.message);
}

void append_verdict(std::string& out, const publish_verdict& verdict) {
  json_writer object(out);
  if (!verdict) {
    append_error(object.value("error"), verdict.error());
    return;
  }
  object.text("id", verdict->id);
  object.text("position", verdict->position.str());
}

}  // namespace

std::string to_json(const publish_verdict& verdict) {
  std::string out;
  append_verdict(out, verdict);
  return out;
}

std::string to_json(const std::vector<publish_verdict>& verdicts) {
  std::string out = "[";
  for (const auto& verdict : verdicts) {
    if (out.size() > 1) out += ',';
    append_verdict(out, verdict);
  }
  out += ']';
  return out;
}

std::string error_json(const error& why) {
  std::string out;
  {
    json_writer object(out);
    append_error(object.value("error"), why);
  }
  return out;
}

std::string envelope_json(const event& what) {
  std::string out;
  append_envelope(out, what);
  return out;
}

std::string to_json(const connected& what) {
  std::string out;
  {
    json_writer object(out);
    object.text("client_id", what.client_id.str());
    object.text("user", what.user);
    object.text("tenant", what.tenant);
    object.text("node", what.node);
    auto& rooms = object.value("rooms");
    rooms += '[';
    for (const auto& room : what.rooms) {
      if (&room != &what.rooms.front()) rooms += ',';
      append_quoted(rooms, room);
    }
    rooms += ']';
    object.text("position", what.position.str());
    object.boolean("resumed", what.resumed);
    object.number("replayed", what.replayed);
    auto& lost = object.value("lost");
    lost += '[';
    for (const auto& one : what.lost) {
      if (&one != &what.lost.front()) lost += ',';
      json_writer entry(lost);
      entry.text("room", one.room);
      entry.text("reason", one.reason);
    }
    lost += ']';
    object.number("heartbeat_ms", what.heartbeat.count());
    object.number("server_time", what.server_time_ms);
  }
  return out;
}

std::string to_json(const goodbye& what) {
  std::string out;
  {
    json_writer object(out);
    object.text("code", info(what.code).code);
    object.text("reason", what.reason);
    object.boolean("reconnect", what.reconnect);
    object.number("retry_ms", what.retry.count());
  }
  return out;
}

std::string quoted(std::string_view text) {
  std::string out;
  append_quoted(out, text);
  return out;
}

}  // namespace starling::net
