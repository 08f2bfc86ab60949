#include "net/stream/stream_transport.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "net/stream/sse_transport.hpp"
#include "net/stream/tcp_channel.hpp"
#include "net/stream/tls_channel.hpp"
#include "net/stream/ws_transport.hpp"

namespace starling::net {

namespace {

/// A peer that vanished without a word is noticed: by unacknowledged bytes within 20 s, without any
/// traffic within 90 s. A kernel that refuses one of these only notices later.
void watch_peer(tcp_socket& socket) {
  const auto set = [fd = socket.native_handle()](int level, int option, int value) {
    ::setsockopt(fd, level, option, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 20'000);
  set(IPPROTO_TCP, TCP_NODELAY, 1);  // writes are gathered here already
}

}  // namespace

std::unique_ptr<transport> make_sse_transport(io_loop& loop, tcp_socket socket, std::string head,
                                              sse_options options, transport_observer& owner) {
  watch_peer(socket);
  auto out = std::make_unique<tcp_channel<sse_transport>>(std::move(socket), loop, owner,
                                                          std::move(options));
  out->start(head, {});
  return out;
}

std::unique_ptr<transport> make_sse_transport(io_loop& loop, std::unique_ptr<tls_stream> stream,
                                              std::string head, sse_options options,
                                              transport_observer& owner) {
  watch_peer(stream->next_layer());
  auto out = std::make_unique<tls_channel<sse_transport>>(std::move(stream), loop, owner,
                                                          std::move(options));
  out->start(head, {});
  return out;
}

std::unique_ptr<transport> make_ws_transport(io_loop& loop, tcp_socket socket, std::string head,
                                             ws_options options, transport_observer& owner) {
  watch_peer(socket);
  auto out = std::make_unique<tcp_channel<ws_transport>>(std::move(socket), loop, owner, options);
  out->start(head, std::move(options.already_read));
  return out;
}

std::unique_ptr<transport> make_ws_transport(io_loop& loop, std::unique_ptr<tls_stream> stream,
                                             std::string head, ws_options options,
                                             transport_observer& owner) {
  watch_peer(stream->next_layer());
  auto out = std::make_unique<tls_channel<ws_transport>>(std::move(stream), loop, owner, options);
  out->start(head, std::move(options.already_read));
  return out;
}

}  // namespace starling::net
