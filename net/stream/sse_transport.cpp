#include "net/stream/sse_transport.hpp"

#include "net/wire/encoders.hpp"
#include "net/wire/json_writer.hpp"

namespace starling::net {

sse_transport::sse_transport(io_loop& loop, transport_observer& owner, const sse_options& options)
    : stream_base(loop, owner, {transport_kind::sse, options.format, options.chunked}),
      chunked_(options.chunked),
      heartbeat_event_(options.heartbeat_event),
      heartbeat_user_(options.heartbeat_user.empty()
                          ? nullptr
                          : std::make_unique<const std::string>(options.heartbeat_user)),
      slot_(options.slot) {}

void sse_transport::send_heartbeat(std::string_view id) {
  // One frame per thread, so that shards do not fight for its reference count.
  thread_local const frame comment = encode_heartbeat();
  if (queued_items() > 0) return;
  send(comment);
  if (!heartbeat_event_) return;
  std::string said;
  {
    json_writer object(said);
    object.number("ts", wall_ms());
    if (heartbeat_user_) {
      object.text("user", *heartbeat_user_);
      object.number("number", ++heartbeats_);
    }
  }
  send(encode_notice(format(), "heartbeat", said, id));
}

void sse_transport::received(std::string_view) {}

frame sse_transport::closing_frame(close_code) {
  thread_local const frame last_chunk{"", "0\r\n\r\n", ""};
  return chunked_ ? last_chunk : frame{};
}

}  // namespace starling::net
