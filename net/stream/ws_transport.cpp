#include "net/stream/ws_transport.hpp"

#include "net/wire/encoders.hpp"

namespace starling::net {

namespace {
/// A read bounds the commands of one pass, so that one client cannot hold up its shard: small reads
/// while messages are small, large ones in the middle of a message.
constexpr std::size_t read_between = 4 * 1024;
constexpr std::size_t read_inside = 16 * 1024;
/// A peer that does not read its answers gets no more commands in.
constexpr std::size_t pause_bytes = 64 * 1024;

error too_fast(std::chrono::milliseconds wait) {
  return {errc::rate_limited,
          "this token publishes faster than limits.publish_rate allows; again in " +
              std::to_string(wait.count()) + " ms"};
}
}  // namespace

ws_transport::ws_transport(io_loop& loop, transport_observer& owner, const ws_options& options)
    : stream_base(loop, owner, {transport_kind::ws, options.format, true}),
      parser_(options.max_message_bytes),
      limits_(options.limits),
      publish_wait_(options.publish_wait),
      slot_(options.slot) {}

std::size_t ws_transport::read_size() const noexcept {
  return parser_.partial() ? read_inside : read_between;
}

bool ws_transport::wants_input() const noexcept { return queued_bytes() < pause_bytes; }

void ws_transport::send_heartbeat(std::string_view) {
  thread_local const frame ping = make_ws_frame(ws_opcode::ping, {});
  if (closing() || queued_items() > 0) return;  // the previous ping may still wait here
  if (pong_due_) return finish(close_code::client_closed);
  pong_due_ = true;
  send(ping);
}

frame ws_transport::closing_frame(close_code why) {
  const auto& row = info(why);
  return make_ws_close(row.websocket_code, row.code);
}

void ws_transport::received(std::string_view bytes) {
  const auto alive = life();
  while (!alive.expired() && !closing()) {
    switch (parser_.next(bytes)) {
      case ws_found::nothing: return;
      case ws_found::text: command(parser_.payload()); break;
      case ws_found::ping: send(make_ws_frame(ws_opcode::pong, parser_.payload())); break;
      case ws_found::pong: pong_due_ = false; break;
      case ws_found::binary:
        begin_close(close_code::protocol_error,
                    make_ws_close(ws_close::unsupported, "text messages only"));
        break;
      case ws_found::close:
        begin_close(close_code::client_closed, make_ws_close(parser_.code(), {}));
        break;
      case ws_found::failure:
        begin_close(close_code::protocol_error, make_ws_close(parser_.code(), {}));
        break;
    }
  }
}

void ws_transport::command(std::string_view text) {
  std::string ref;
  auto parsed = command_parser(format())(text, limits_, ref);
  if (!parsed) return send(encode_error(format(), ref, parsed.error()));
  if (parsed->action == ws_command::type::publish && publish_wait_)
    if (const auto wait = publish_wait_(count_targets(*parsed->item))) {
      loop().metrics().publish_refused(errc::rate_limited);
      return send(encode_error(format(), ref, too_fast(*wait)));
    }
  owner().on_command(std::move(*parsed));
}

}  // namespace starling::net
