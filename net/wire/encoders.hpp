/// Events and notices to frames. Pure; any thread.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "net/base/frame.hpp"
#include "net/wire/protocol.hpp"

namespace starling::net {

/// An SSE format of another protocol. The arguments are those of the functions below.
struct foreign_format {
  frame (*event)(const starling::event& event, std::string_view id);
  frame (*connected)(const net::connected& connected, std::chrono::milliseconds retry);
  frame (*goodbye)(const net::goodbye& goodbye);
  frame (*notice)(std::string_view name, std::string_view json_object, std::string_view id);
};
/// Makes it known to the functions below. Once per format, before its first session; any thread.
/// Throws std::logic_error when wire_format_count leaves no room.
wire_format add_format(const foreign_format& how);

/// One event in one format; `id` is the text of its cursor. One allocation.
frame encode_event(wire_format format, const event& event, std::string_view id);
/// Encoded events of one format on end, as one frame: receivers of all of them are given one thing
/// instead of many. One allocation for the bytes.
frame join_events(wire_format format, std::span<const frame> events);

/// The first event. For SSE preceded by a `retry:` line of `retry`.
frame encode_connected(wire_format format, const connected& connected,
                       std::chrono::milliseconds retry);
frame encode_goodbye(wire_format format, const goodbye& goodbye);
/// Any other notice of this node (heartbeat event, token_expiring, gap): a JSON object as text.
/// SSE: `event: name` with `id`; WebSocket: `{"type":name, ...fields of the object, "id":id}`.
frame encode_notice(wire_format format, std::string_view name, std::string_view json_object,
                    std::string_view id);
/// The keep-alive of an SSE stream: a comment.
frame encode_heartbeat();
/// `{type:"ack", ref, ...fields}`; WebSocket only. `fields_json` is an object or empty.
frame encode_ack(std::string_view ref_json, std::string_view fields_json);
/// `{type:"error", ref, code, message}`; WebSocket only.
frame encode_error(std::string_view ref_json, const error& why);
frame encode_pong(std::string_view ref_json);

}  // namespace starling::net
