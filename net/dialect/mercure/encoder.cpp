#include "net/dialect/mercure/encoder.hpp"

#include "net/dialect/mercure/update.hpp"
#include "net/wire/codec.hpp"
#include "net/wire/encoders.hpp"
#include "net/wire/sse_text.hpp"

namespace starling::net::mercure {

namespace {

frame encode_update(const event& event, std::string_view id) {
  auto& out = wire_scratch();
  const auto seen = see(event);
  if (!seen) return {};  // no subscriber is shown it
  if (seen->type != default_type) append_sse_line(out, "event: ", seen->type);
  append_sse_retry(out, std::chrono::milliseconds(seen->retry_ms));
  if (seen->native)
    append_sse_line(out, "id: #", id);
  else
    append_sse_line(out, "id: ", event.id);
  append_sse_data(out, seen->data);
  out += '\n';
  return sse_frame(out, std::span(&event.accepted_ns, 1));
}

/// A comment, as the reference hub begins, and how long to stay away after an end.
frame encode_hello(const connected&, std::chrono::milliseconds retry) {
  auto& out = wire_scratch();
  out += ":\n";
  append_sse_retry(out, retry);
  out += '\n';
  return sse_frame(out);
}

frame encode_end(const goodbye& goodbye) {
  auto& out = wire_scratch();
  append_sse_retry(out, goodbye.retry);
  out += "event: goodbye\n";
  if (!goodbye.reconnect) append_sse_line(out, "id: #", closing_mark(goodbye.position));
  append_sse_data(out, to_json(goodbye));
  out += '\n';
  return sse_frame(out);
}

frame encode_other(std::string_view name, std::string_view json_object, std::string_view) {
  auto& out = wire_scratch();
  append_sse_line(out, "event: ", name);
  append_sse_data(out, json_object);
  out += '\n';
  return sse_frame(out);
}

}  // namespace

wire_format stream_format() {
  static const wire_format format = add_format({.event = encode_update,
                                                .connected = encode_hello,
                                                .goodbye = encode_end,
                                                .notice = encode_other});
  return format;
}

}  // namespace starling::net::mercure
