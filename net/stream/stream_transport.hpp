/// Makes transports out of accepted connections whose HTTP part is over.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "net/io/io_loop.hpp"
#include "net/io/tls_stream.hpp"
#include "net/stream/transport.hpp"
#include "net/wire/codec.hpp"
#include "net/wire/encoders.hpp"

namespace starling::net {

struct sse_options {
  wire_format format = wire_format::sse_named;
  bool chunked = true;  ///< false: HTTP/1.0, the body ends with the connection
  /// What goes with the comment of each heartbeat; may be null.
  std::unique_ptr<heartbeat_writer> heartbeats = {};
  std::shared_ptr<const void> slot = {};  ///< kept until the transport is gone
};

struct ws_options {
  wire_format format = wire_format::ws_json;
  std::size_t max_message_bytes = 65536;
  publish_limits limits;  ///< for publish commands
  /// Asked before each publish command, with its number of targets: nothing, or how long it comes
  /// too early. May be empty.
  std::function<std::optional<std::chrono::milliseconds>(std::size_t targets)> publish_wait = {};
  std::string already_read;               ///< bytes after the handshake request
  std::shared_ptr<const void> slot = {};  ///< as of sse_options
};

/// `head`: the response head, written before everything else. The observer must outlive the
/// transport. Loop thread.
std::unique_ptr<transport> make_sse_transport(io_loop& loop, tcp_socket socket, std::string head,
                                              sse_options options, transport_observer& owner);
std::unique_ptr<transport> make_sse_transport(io_loop& loop, std::unique_ptr<tls_stream> stream,
                                              std::string head, sse_options options,
                                              transport_observer& owner);
std::unique_ptr<transport> make_ws_transport(io_loop& loop, tcp_socket socket, std::string head,
                                             ws_options options, transport_observer& owner);
std::unique_ptr<transport> make_ws_transport(io_loop& loop, std::unique_ptr<tls_stream> stream,
                                             std::string head, ws_options options,
                                             transport_observer& owner);

}  // namespace starling::net
