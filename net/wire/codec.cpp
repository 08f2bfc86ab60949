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

/// What `connected` and the ack of a subscribe say alike: where the client is, and what it missed.
template <class Told>
void append_resume(json_writer& object, const Told& told) {
  object.text("position", told.position.str());
  object.boolean("resumed", told.resumed);
  object.number("replayed", told.replayed);
  auto& lost = object.value("lost");
  lost += '[';
  for (const auto& one : told.lost) {
    if (&one != &told.lost.front()) lost += ',';
    json_writer entry(lost);
    entry.text("room", one.room);
    entry.text("reason", one.reason);
  }
  lost += ']';
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

std::string envelope_json(const event& event) {
  std::string out;
  append_envelope(out, event);
  return out;
}

std::string to_json(const connected& connected) {
  std::string out;
  {
    json_writer object(out);
    object.text("client_id", connected.client_id.str());
    object.text("user", connected.user);
    object.text("tenant", connected.tenant);
    object.text("node", connected.node);
    auto& rooms = object.value("rooms");
    rooms += '[';
    for (const auto& room : connected.rooms) {
      if (&room != &connected.rooms.front()) rooms += ',';
      append_quoted(rooms, room);
    }
    rooms += ']';
    append_resume(object, connected);
    object.number("heartbeat_ms", connected.heartbeat.count());
    object.number("server_time", connected.server_time_ms);
  }
  return out;
}

std::string to_json(const subscribed& subscribed) {
  std::string out;
  {
    json_writer object(out);
    append_resume(object, subscribed);
  }
  return out;
}

std::string to_json(const renewed& renewed) {
  std::string out;
  json_writer(out).text("user", renewed.user);
  return out;
}

std::string to_json(const token_expiring& token) {
  std::string out;
  json_writer(out).number("expires_in_ms", token.left.count());
  return out;
}

std::string to_json(const gap& gap) {
  std::string out;
  {
    json_writer object(out);
    object.text("reason", gap.reason);
    object.text("room", gap.room);
  }
  return out;
}

std::string to_json(const dropped& dropped) {
  std::string out;
  {
    json_writer object(out);
    object.text("reason", "slow_consumer");
    object.number("dropped", dropped.events);
  }
  return out;
}

std::string to_json(const goodbye& goodbye) {
  std::string out;
  {
    json_writer object(out);
    object.text("code", info(goodbye.code).code);
    object.text("reason", goodbye.reason);
    object.boolean("reconnect", goodbye.reconnect);
    object.number("retry_ms", goodbye.retry.count());
  }
  return out;
}

std::string quoted(std::string_view text) {
  std::string out;
  append_quoted(out, text);
  return out;
}

}  // namespace starling::net
