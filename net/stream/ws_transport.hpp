/// The WebSocket side of a transport: frames in, commands out, and the closing handshake.
#pragma once

#include "net/stream/stream_base.hpp"
#include "net/stream/stream_transport.hpp"
#include "net/wire/ws_frame.hpp"

namespace starling::net {

class ws_transport : public stream_base {
 public:
  ws_transport(io_loop& loop, transport_observer& owner, const ws_options& options);
  void send_heartbeat(std::string_view id) override;

 protected:
  void received(std::string_view bytes) override;
  frame closing_frame(close_code why) override;
  std::size_t read_size() const noexcept override;
  bool wants_input() const noexcept override;

 private:
  void command(std::string_view text);

  ws_parser parser_;
  publish_limits limits_;
  decltype(ws_options::publish_wait) publish_wait_;
  bool pong_due_ = false;
  std::shared_ptr<const void> slot_;
};

}  // namespace starling::net
