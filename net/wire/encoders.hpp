/// Events and notices to frames. Pure; any thread.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/base/frame.hpp"
#include "net/wire/protocol.hpp"

namespace starling::net {

struct publish_limits;

/// See parse_ws_command.
using ws_command_parser = result<ws_command> (*)(std::string_view text,
                                                 const publish_limits& limits,
                                                 std::string& ref_json);

/// What goes to one session with each keep-alive of its SSE stream, besides the comment. Of the
/// session's format, which may remember what it has said.
class heartbeat_writer {
 public:
  virtual ~heartbeat_writer() = default;
  /// id: the text of the session's cursor.
  virtual frame next(std::string_view id) = 0;
};

/// A format of another protocol. The arguments are those of the functions below.
struct foreign_format {
  frame (*event)(const starling::event& event, std::string_view id);
  frame (*connected)(const net::connected& connected, std::chrono::milliseconds retry);
  frame (*goodbye)(const net::goodbye& goodbye);
  frame (*notice)(std::string_view name, std::string_view json_object, std::string_view id);
  /// SSE: for a session that was told `hello`, whether its client asked for them or not. Null: the
  /// notice `heartbeat`, when it was asked for.
  std::unique_ptr<heartbeat_writer> (*heartbeats)(const net::connected& hello) = nullptr;
  /// Of WebSocket text frames; an SSE format has none.
  struct commands {
    ws_command_parser parse;
    frame (*ack)(std::string_view ref_json, std::string_view fields_json);
    frame (*failure)(std::string_view ref_json, const error& why);
    frame (*pong)(std::string_view ref_json);
  };
  const commands* ws = nullptr;
};
/// Makes it known to the functions below. Once per format, before its first session; any thread.
/// Throws std::logic_error when wire_format_count leaves no room.
wire_format add_format(const foreign_format& how);

bool is_ws(wire_format format) noexcept;
/// How commands of a WebSocket format are read.
ws_command_parser command_parser(wire_format format) noexcept;

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
/// The line `retry:` alone, which becomes part of the block that follows. SSE only.
frame encode_retry(std::chrono::milliseconds retry);
/// The keep-alive of an SSE stream: a comment.
frame encode_heartbeat();
/// What goes with it; null: nothing. asked: by the client.
std::unique_ptr<heartbeat_writer> heartbeats_of(wire_format format, const connected& connected,
                                                bool asked);
// Answers to commands; WebSocket formats only.
/// `{type:"ack", ref, ...fields}`. `fields_json` is an object or empty.
frame encode_ack(wire_format format, std::string_view ref_json, std::string_view fields_json);
/// `{type:"error", ref, code, message}`.
frame encode_error(wire_format format, std::string_view ref_json, const error& why);
frame encode_pong(wire_format format, std::string_view ref_json);
/// An object as a WebSocket text frame. `json`: a text that begins behind the reserve of
/// wire_scratch.
frame ws_text_frame(std::string& scratch, std::span<const std::int64_t> accepted_ns = {});

}  // namespace starling::net
