/// One accepted connection, plain or TLS, until a stream takes it over.
#pragma once

#include <boost/asio/buffer.hpp>
#include <memory>
#include <utility>

#include "net/io/tls_stream.hpp"

namespace starling::net {

/// Not thread-safe; one loop.
class peer_stream {
 public:
  explicit peer_stream(tcp_socket socket) : plain_(std::move(socket)) {}
  peer_stream(tcp_socket socket, boost::asio::ssl::context& tls)
      : plain_(socket.get_executor()), tls_(std::make_unique<tls_stream>(std::move(socket), tls)) {}

  bool is_tls() const noexcept { return tls_ != nullptr; }
  tcp_socket& socket() noexcept { return tls_ ? tls_->next_layer() : plain_; }
  tls_stream& tls() noexcept { return *tls_; }

  template <class Handler>
  void async_read_some(boost::asio::mutable_buffer into, Handler&& done) {
    if (tls_)
      tls_->async_read_some(into, std::forward<Handler>(done));
    else
      plain_.async_read_some(into, std::forward<Handler>(done));
  }
  template <class Buffers, class Handler>
  void async_write_some(const Buffers& from, Handler&& done) {
    if (tls_)
      tls_->async_write_some(from, std::forward<Handler>(done));
    else
      plain_.async_write_some(from, std::forward<Handler>(done));
  }

  /// The peer ended its side or the connection broke, as far as the kernel knows.
  bool gone() noexcept;
  void close() noexcept;

  tcp_socket take_plain() { return std::move(plain_); }
  std::unique_ptr<tls_stream> take_tls() { return std::move(tls_); }

 private:
  tcp_socket plain_;
  std::unique_ptr<tls_stream> tls_;
};

}  // namespace starling::net
