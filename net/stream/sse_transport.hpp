/// The SSE side of a transport: chunks, heartbeats, the last chunk; input means nothing.
#pragma once

#include "net/stream/stream_base.hpp"
#include "net/stream/stream_transport.hpp"

namespace starling::net {

class sse_transport : public stream_base {
 public:
  sse_transport(io_loop& loop, transport_observer& owner, sse_options options);
  void send_heartbeat(std::string_view id) override;

 protected:
  void received(std::string_view bytes) override;
  frame closing_frame(close_code why) override;
  std::size_t read_size() const noexcept override { return 4096; }

 private:
  bool chunked_;
  std::unique_ptr<heartbeat_writer> heartbeats_;  ///< may be null: a comment alone
  std::shared_ptr<const void> slot_;
};

}  // namespace starling::net
