#include "net/stream/sse_transport.hpp"

#include "net/wire/encoders.hpp"

namespace starling::net {

sse_transport::sse_transport(io_loop& loop, transport_observer& owner, sse_options options)
    : stream_base(loop, owner, {transport_kind::sse, options.format, options.chunked}),
      chunked_(options.chunked),
      heartbeats_(std::move(options.heartbeats)),
      slot_(std::move(options.slot)) {}

void sse_transport::send_heartbeat(std::string_view id) {
  // One frame per thread, so that shards do not fight for its reference count.
  thread_local const frame comment = encode_heartbeat();
  if (queued_items() > 0) return;
  send(comment);
  if (heartbeats_) send(heartbeats_->next(id));
}

void sse_transport::received(std::string_view) {}

frame sse_transport::closing_frame(close_code) {
  thread_local const frame last_chunk{"", "0\r\n\r\n", ""};
  return chunked_ ? last_chunk : frame{};
}

}  // namespace starling::net
