#include "net/wire/json_writer.hpp"

namespace starling::net {

void append_event_members(json_writer& object, const event& what) {
  if (what.where.kind == channel_kind::all)
    object.boolean("all", true);
  else
    object.text(to_string(what.where.kind), what.where.name);
  object.text("event", what.name);
  if (what.data_is_text)
    object.text("data", what.data);
  else
    object.raw("data", what.data);
  object.number("ts", what.ts_ms());
  if (!what.sender.empty()) object.text("sender", what.sender);
  if (!what.traceparent.empty()) object.text("traceparent", what.traceparent);
}

void append_envelope(std::string& out, const event& what) {
  json_writer object(out);
  object.text("id", what.id);
  append_event_members(object, what);
}

}  // namespace starling::net
