#include "net/wire/encoders.hpp"

#include <array>
#include <charconv>
#include <vector>

#include "net/wire/codec.hpp"
#include "net/wire/json_writer.hpp"
#include "net/wire/ws_frame.hpp"

namespace starling::net {

namespace {

/// The buffer every frame of this thread is put together in. Room for the WebSocket header stays
/// in front, because its length is known only at the end.
std::string& scratch() {
  static constexpr std::size_t keep = 256 * 1024;
  thread_local std::string buffer;
  if (buffer.capacity() > keep) buffer.shrink_to_fit();
  buffer.assign(max_ws_header, '\0');
  return buffer;
}

using times = std::span<const std::int64_t>;

frame sse_frame(const std::string& buffer, times accepted_ns = {}) {
  const auto body = std::string_view(buffer).substr(max_ws_header);
  std::array<char, 18> prefix{};
  char* end = std::to_chars(prefix.data(), prefix.data() + 16, body.size(), 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  return {{prefix.data(), end}, body, "\r\n", accepted_ns};
}

frame ws_frame(std::string& buffer, times accepted_ns = {}) {
  std::array<char, max_ws_header> header{};
  const auto size = write_ws_header(ws_opcode::text, buffer.size() - max_ws_header, header);
  buffer.replace(max_ws_header - size, size, header.data(), size);
  return {"", std::string_view(buffer).substr(max_ws_header - size), "", accepted_ns};
}

/// Two memchr are five times as fast as one find_first_of, and there is seldom anything to find.
bool has_line_break(std::string_view text) noexcept {
  return text.find('\n') != text.npos || text.find('\r') != text.npos;
}

/// A field that must stay on one line; what would end the line becomes a space. Names are checked
/// at acceptance, but a frame broken here would forge events for every receiver.
void append_line(std::string& out, std::string_view field, std::string_view value) {
  out += field;
  const auto start = out.size();
  out += value;
  if (has_line_break(value))
    for (auto at = start; (at = out.find_first_of("\r\n", at)) != out.npos;) out[at] = ' ';
  out += '\n';
}

/// One `data:` line per line of `text`, whichever way its lines end.
void append_data(std::string& out, std::string_view text) {
  auto end = has_line_break(text) ? text.find_first_of("\r\n") : text.npos;
  for (;; end = text.find_first_of("\r\n")) {
    out += "data: ";
    out += text.substr(0, end);
    out += '\n';
    if (end == text.npos) return;
    text.remove_prefix(end + (text.substr(end).starts_with("\r\n") ? 2 : 1));
  }
}

void append_retry(std::string& out, std::chrono::milliseconds retry) {
  if (retry.count() <= 0) return;
  out += "retry: ";
  append_number(out, retry.count());
  out += '\n';
}

void append_named(std::string& out, std::string_view name, std::string_view id,
                  std::string_view data) {
  append_line(out, "event: ", name);
  if (!id.empty()) append_line(out, "id: ", id);
  append_data(out, data);
  out += '\n';
}

/// The envelope never holds a raw line break: strings escape theirs, and published JSON is compact.
/// A foreign publisher's might, so its lines are split like any others.
void append_enveloped(std::string& out, const event& what, std::string_view id, bool with_name) {
  if (with_name) append_line(out, "event: ", what.name);
  append_line(out, "id: ", id);
  out += "data: ";
  const auto start = out.size();
  append_envelope(out, what);
  if (has_line_break(std::string_view(out).substr(start))) {
    const auto envelope = out.substr(start);
    out.resize(start - 6);
    append_data(out, envelope);
    out += '\n';
  } else {
    out += "\n\n";
  }
}

}  // namespace

frame encode_event(wire_format format, const event& what, std::string_view id) {
  auto& out = scratch();
  switch (format) {
    case wire_format::sse_named: append_named(out, what.name, id, what.data); break;
    case wire_format::sse_envelope: append_enveloped(out, what, id, true); break;
    case wire_format::sse_message: append_enveloped(out, what, id, false); break;
    case wire_format::sse_both:
      append_named(out, what.name, id, what.data);
      append_enveloped(out, what, id, false);
      break;
    case wire_format::ws_json: {
      {
        json_writer object(out);
        object.text("type", "event");
        object.text("id", id);
        object.text("event_id", what.id);
        append_event_members(object, what);
      }
      return ws_frame(out, times(&what.accepted_ns, 1));
    }
  }
  return sse_frame(out, times(&what.accepted_ns, 1));
}

frame join_events(wire_format format, std::span<const frame> events) {
  auto& out = scratch();
  std::vector<std::int64_t> accepted;
  accepted.reserve(events.size());
  for (const auto& one : events) {
    out += one.body();
    accepted.insert(accepted.end(), one.accepted_ns().begin(), one.accepted_ns().end());
  }
  if (format != wire_format::ws_json) return sse_frame(out, accepted);
  // Each keeps its own WebSocket header, which is part of its body.
  return {"", std::string_view(out).substr(max_ws_header), "", accepted};
}

frame encode_connected(wire_format format, const connected& what, std::chrono::milliseconds retry) {
  if (format == wire_format::ws_json)
    return encode_notice(format, "connected", to_json(what), what.position.str());
  auto& out = scratch();
  append_retry(out, retry);
  append_named(out, "connected", what.position.str(), to_json(what));
  return sse_frame(out);
}

frame encode_goodbye(wire_format format, const goodbye& what) {
  const auto id = what.reconnect ? what.position.str() : closing_mark(what.position);
  if (format == wire_format::ws_json) return encode_notice(format, "goodbye", to_json(what), id);
  auto& out = scratch();
  append_retry(out, what.retry);
  append_named(out, "goodbye", id, to_json(what));
  return sse_frame(out);
}

frame encode_notice(wire_format format, std::string_view name, std::string_view json_object,
                    std::string_view id) {
  auto& out = scratch();
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
  return ws_frame(out);
}

frame encode_heartbeat() {
  auto& out = scratch();
  out += ": heartbeat\n\n";
  return sse_frame(out);
}

frame encode_ack(std::string_view ref_json, std::string_view fields_json) {
  auto& out = scratch();
  {
    json_writer object(out);
    object.text("type", "ack");
    if (!ref_json.empty()) object.raw("ref", ref_json);
    object.members(fields_json);
  }
  return ws_frame(out);
}

frame encode_error(std::string_view ref_json, const error& why) {
  auto& out = scratch();
  {
    json_writer object(out);
    object.text("type", "error");
    if (!ref_json.empty()) object.raw("ref", ref_json);
    object.text("code", info(why.code).code);
    object.text("message", why.message);
  }
  return ws_frame(out);
}

frame encode_pong(std::string_view ref_json) {
  auto& out = scratch();
  {
    json_writer object(out);
    object.text("type", "pong");
    if (!ref_json.empty()) object.raw("ref", ref_json);
  }
  return ws_frame(out);
}

}  // namespace starling::net
