#include "net/wire/json_writer.hpp"

namespace starling::net {

void append_event_members(json_writer& object, const event& event) {
  if (event.channel.kind == channel_kind::all)
    object.boolean("all", true);
  else
    object.text(to_string(event.channel.kind), event.channel.name);
  object.text("event", event.name);
  if (event.data_is_text)
    object.text("data", event.data);
  else
    object.raw("data", event.data);
  object.number("ts", event.ts_ms());
  if (!event.sender.empty()) object.text("sender", event.sender);
  if (!event.traceparent.empty()) object.text("traceparent", event.traceparent);
}

void append_envelope(std::string& out, const event& event) {
  json_writer object(out);
  object.text("id", event.id);
  append_event_members(object, event);
}

}  // namespace starling::net
