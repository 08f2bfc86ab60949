#include "net/wire/encoders.hpp"

#include <array>
#include <atomic>
#include <stdexcept>
#include <vector>

#include "net/base/clock.hpp"
#include "net/wire/codec.hpp"
#include "net/wire/json_writer.hpp"
#include "net/wire/sse_text.hpp"
#include "net/wire/ws_frame.hpp"

namespace starling::net {

namespace {

using times = std::span<const std::int64_t>;

void append_named(std::string& out, std::string_view name, std::string_view id,
                  std::string_view data) {
  append_sse_line(out, "event: ", name);
  if (!id.empty()) append_sse_line(out, "id: ", id);
  append_sse_data(out, data);
  out += '\n';
}

/// An event. The payload says nothing of the event's own id, so one for a single session, which is
/// in no history, shows what its publisher called it in a field that SSE readers pass over.
void append_named(std::string& out, const event& event, std::string_view id) {
  if (event.id_given && event.channel.kind == channel_kind::client)
    append_sse_line(out, "event_id: ", event.id);
  append_named(out, event.name, id, event.data);
}

/// The envelope never holds a raw line break: strings escape theirs, and published JSON is compact.
/// A foreign publisher's might, so its lines are split like any others.
void append_enveloped(std::string& out, const event& event, std::string_view id, bool with_name) {
  if (with_name) append_sse_line(out, "event: ", event.name);
  append_sse_line(out, "id: ", id);
  out += "data: ";
  const auto start = out.size();
  append_envelope(out, event);
  if (has_line_break(std::string_view(out).substr(start))) {
    const auto envelope = out.substr(start);
    out.resize(start - 6);
    append_sse_data(out, envelope);
    out += '\n';
  } else {
    out += "\n\n";
  }
}

constexpr auto first_foreign = static_cast<std::size_t>(wire_format::foreign);
constexpr std::size_t max_foreign = wire_format_count - first_foreign;
std::array<foreign_format, max_foreign> foreign_formats;
std::atomic<std::size_t> foreign_count{0};

const foreign_format* foreign_of(wire_format format) noexcept {
  const auto index = static_cast<std::size_t>(format);
  return index < first_foreign ? nullptr : &foreign_formats[index - first_foreign];
}

const foreign_format::commands* foreign_commands(wire_format format) noexcept {
  const auto* foreign = foreign_of(format);
  return foreign ? foreign->ws : nullptr;
}

class heartbeat_notice final : public heartbeat_writer {
 public:
  explicit heartbeat_notice(wire_format format) : format_(format) {}
  frame next(std::string_view id) override {
    std::string said;
    json_writer(said).number("ts", wall_ms());
    return encode_notice(format_, "heartbeat", said, id);
  }

 private:
  wire_format format_;
};

}  // namespace

frame ws_text_frame(std::string& scratch, times accepted_ns) {
  std::array<char, max_ws_header> header{};
  const auto size = write_ws_header(ws_opcode::text, scratch.size() - max_ws_header, header);
  scratch.replace(max_ws_header - size, size, header.data(), size);
  return {"", std::string_view(scratch).substr(max_ws_header - size), "", accepted_ns};
}

bool is_ws(wire_format format) noexcept {
  return format == wire_format::ws_json || foreign_commands(format) != nullptr;
}

ws_command_parser command_parser(wire_format format) noexcept {
  const auto* foreign = foreign_commands(format);
  return foreign ? foreign->parse : parse_ws_command;
}

wire_format add_format(const foreign_format& how) {
  const auto index = foreign_count.fetch_add(1);
  if (index >= max_foreign) throw std::logic_error("more formats than wire_format_count");
  foreign_formats[index] = how;
  return static_cast<wire_format>(first_foreign + index);
}

frame encode_event(wire_format format, const event& event, std::string_view id) {
  if (const auto* foreign = foreign_of(format)) return foreign->event(event, id);
  auto& out = wire_scratch();
  switch (format) {
    case wire_format::sse_named: append_named(out, event, id); break;
    case wire_format::sse_envelope: append_enveloped(out, event, id, true); break;
    case wire_format::sse_message: append_enveloped(out, event, id, false); break;
    case wire_format::sse_both:
      append_named(out, event, id);
      append_enveloped(out, event, id, false);
      break;
    case wire_format::ws_json: {
      {
        json_writer object(out);
        object.text("type", "event");
        object.text("id", id);
        object.text("event_id", event.id);
        append_event_members(object, event);
      }
      return ws_text_frame(out, times(&event.accepted_ns, 1));
    }
    case wire_format::foreign: break;
  }
  return sse_frame(out, times(&event.accepted_ns, 1));
}

frame join_events(wire_format format, std::span<const frame> events) {
  auto& out = wire_scratch();
  std::vector<std::int64_t> accepted;
  accepted.reserve(events.size());
  for (const auto& one : events) {
    out += one.body();
    accepted.insert(accepted.end(), one.accepted_ns().begin(), one.accepted_ns().end());
  }
  if (!is_ws(format)) return sse_frame(out, accepted);
  // Each keeps its own WebSocket header, which is part of its body.
  return {"", std::string_view(out).substr(max_ws_header), "", accepted};
}

frame encode_connected(wire_format format, const connected& connected,
                       std::chrono::milliseconds retry) {
  if (const auto* foreign = foreign_of(format)) return foreign->connected(connected, retry);
  if (format == wire_format::ws_json)
    return encode_notice(format, "connected", to_json(connected), connected.position.str());
  auto& out = wire_scratch();
  append_sse_retry(out, retry);
  append_named(out, "connected", connected.position.str(), to_json(connected));
  return sse_frame(out);
}

frame encode_goodbye(wire_format format, const goodbye& goodbye) {
  if (const auto* foreign = foreign_of(format)) return foreign->goodbye(goodbye);
  const auto id = goodbye.reconnect ? goodbye.position.str() : closing_mark(goodbye.position);
  if (format == wire_format::ws_json) return encode_notice(format, "goodbye", to_json(goodbye), id);
  auto& out = wire_scratch();
  append_sse_retry(out, goodbye.retry);
  append_named(out, "goodbye", id, to_json(goodbye));
  return sse_frame(out);
}

frame encode_notice(wire_format format, std::string_view name, std::string_view json_object,
                    std::string_view id) {
  if (const auto* foreign = foreign_of(format)) return foreign->notice(name, json_object, id);
  auto& out = wire_scratch();
  if (format != wire_format::ws_json) {
    append_named(out, name, id, json_object);
    return sse_frame(out);
  }
  {
    json_writer object(out);
    object.text("type", name);
    object.members(json_object);
    if (!id.empty()) object.text("id", id);
  }
  return ws_text_frame(out);
}

frame encode_retry(std::chrono::milliseconds retry) {
  auto& out = wire_scratch();
  append_sse_retry(out, retry);
  return sse_frame(out);
}

frame encode_heartbeat() {
  auto& out = wire_scratch();
  out += ": heartbeat\n\n";
  return sse_frame(out);
}

std::unique_ptr<heartbeat_writer> heartbeats_of(wire_format format, const connected& connected,
                                                bool asked) {
  if (const auto* foreign = foreign_of(format); foreign && foreign->heartbeats)
    return foreign->heartbeats(connected);
  return asked ? std::make_unique<heartbeat_notice>(format) : nullptr;
}

frame encode_ack(wire_format format, std::string_view ref_json, std::string_view fields_json) {
  if (const auto* foreign = foreign_commands(format)) return foreign->ack(ref_json, fields_json);
  auto& out = wire_scratch();
  {
    json_writer object(out);
    object.text("type", "ack");
    if (!ref_json.empty()) object.raw("ref", ref_json);
    object.members(fields_json);
  }
  return ws_text_frame(out);
}

frame encode_error(wire_format format, std::string_view ref_json, const error& why) {
  if (const auto* foreign = foreign_commands(format)) return foreign->failure(ref_json, why);
  auto& out = wire_scratch();
  {
    json_writer object(out);
    object.text("type", "error");
    if (!ref_json.empty()) object.raw("ref", ref_json);
    object.text("code", info(why.code).code);
    object.text("message", why.message);
  }
  return ws_text_frame(out);
}

frame encode_pong(wire_format format, std::string_view ref_json) {
  if (const auto* foreign = foreign_commands(format)) return foreign->pong(ref_json);
  auto& out = wire_scratch();
  {
    json_writer object(out);
    object.text("type", "pong");
    if (!ref_json.empty()) object.raw("ref", ref_json);
  }
  return ws_text_frame(out);
}

}  // namespace starling::net
