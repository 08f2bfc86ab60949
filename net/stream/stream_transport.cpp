#include "net/stream/stream_transport.hpp"

#include "net/stream/sse_transport.hpp"
#include "net/stream/tcp_channel.hpp"
#include "net/stream/tls_channel.hpp"
#include "net/stream/ws_transport.hpp"

namespace starling::net {

std::unique_ptr<transport> make_sse_transport(io_loop& loop, tcp_socket socket, std::string head,
                                              sse_options options, transport_observer& owner) {
  auto out = std::make_unique<tcp_channel<sse_transport>>(std::move(socket), loop, owner,
                                                          std::move(options));
  out->start(head, {});
  return out;
}

std::unique_ptr<transport> make_sse_transport(io_loop& loop, std::unique_ptr<tls_stream> stream,
                                              std::string head, sse_options options,
                                              transport_observer& owner) {
  auto out = std::make_unique<tls_channel<sse_transport>>(std::move(stream), loop, owner,
                                                          std::move(options));
  out->start(head, {});
  return out;
}

std::unique_ptr<transport> make_ws_transport(io_loop& loop, tcp_socket socket, std::string head,
                                             ws_options options, transport_observer& owner) {
  auto out = std::make_unique<tcp_channel<ws_transport>>(std::move(socket), loop, owner, options);
  out->start(head, std::move(options.already_read));
  return out;
}

std::unique_ptr<transport> make_ws_transport(io_loop& loop, std::unique_ptr<tls_stream> stream,
                                             std::string head, ws_options options,
                                             transport_observer& owner) {
  auto out = std::make_unique<tls_channel<ws_transport>>(std::move(stream), loop, owner, options);
  out->start(head, std::move(options.already_read));
  return out;
}

}  // namespace starling::net
