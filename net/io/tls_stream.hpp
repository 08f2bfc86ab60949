/// TLS on a socket, which keeps next to nothing while the connection is idle.
#pragma once

#include <openssl/ssl.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream_base.hpp>
#include <memory>
#include <string>
#include <utility>

#include "net/io/socket.hpp"

namespace starling::net {

/// What Asio's own TLS stream offers, as far as this server needs it. That one keeps 68 KiB per
/// connection (a pair of BIOs and two arrays between OpenSSL and the socket); here OpenSSL reads
/// and writes the socket itself, when it is ready, and gives its buffers back between records.
///
/// One read, and one write, handshake or shutdown at a time. An operation touches the stream until
/// its handler is called, which is never from within the call that began it; closing next_layer()
/// ends them with operation_aborted. Errors: eof when the peer said goodbye, stream_truncated when
/// it went without, the socket's, or OpenSSL's. One thread, the executor's.
class tls_stream {
 public:
  using executor_type = tcp_socket::executor_type;
  using next_layer_type = tcp_socket;
  using lowest_layer_type = tcp_socket;
  using error_code = boost::system::error_code;
  using handshake_type = boost::asio::ssl::stream_base::handshake_type;

  tls_stream(tcp_socket socket, boost::asio::ssl::context& how);

  SSL* native_handle() noexcept { return ssl_.get(); }
  tcp_socket& next_layer() noexcept { return socket_; }
  tcp_socket& lowest_layer() noexcept { return socket_; }
  executor_type get_executor() noexcept { return socket_.get_executor(); }

  /// done(error_code).
  template <class Done>
  void async_handshake(handshake_type as, Done&& done) {
    begin(
        *this, [as](tls_stream& on) { return on.shake_hands(as); },
        without_bytes(std::forward<Done>(done)));
  }
  /// done(error_code): our goodbye is written, and the peer's has come.
  template <class Done>
  void async_shutdown(Done&& done) {
    begin(
        *this, [](tls_stream& on) { return on.shut_down(); },
        without_bytes(std::forward<Done>(done)));
  }
  /// done(error_code, bytes). `into` is written right before `done` is called and at no other time,
  /// so that many streams of a thread may share it.
  template <class Done>
  void async_read_some(const boost::asio::mutable_buffer& into, Done&& done) {
    const auto step = [into](tls_stream& on) { return on.read(into); };
    // What the kernel has not got OpenSSL may have.
    if (SSL_has_pending(ssl_.get()))
      begin(*this, step, std::forward<Done>(done));
    else
      wait(*this, {direction::in, {}, 0}, step, std::forward<Done>(done));
  }
  template <class Buffers, class Done>
  void async_read_some(const Buffers& into, Done&& done) {
    async_read_some(first_of<boost::asio::mutable_buffer>(into), std::forward<Done>(done));
  }
  /// done(error_code, bytes): of the first buffer that is not empty, or of several small ones,
  /// which go out as one record.
  template <class Buffers, class Done>
  void async_write_some(const Buffers& from, Done&& done) {
    const auto bytes = first_of<boost::asio::const_buffer>(from);
    const auto all = boost::asio::buffer_size(from);
    if (bytes.size() < all && bytes.size() < joined_bytes) {
      std::string joined(std::min(all, joined_bytes), '\0');
      boost::asio::buffer_copy(boost::asio::buffer(joined), from);
      auto step = [joined = std::move(joined)](tls_stream& on) {
        return on.write(boost::asio::buffer(joined));
      };
      return begin(*this, std::move(step), std::forward<Done>(done));
    }
    begin(
        *this, [bytes](tls_stream& on) { return on.write(bytes); }, std::forward<Done>(done));
  }

 private:
  static constexpr std::size_t joined_bytes = 8192;
  enum class direction : unsigned char {
    none,
    in,
    out
  };
  /// How far an operation has come: it is over, or waits for the socket.
  struct progress {
    direction wait_for;
    error_code failed;
    std::size_t bytes;
  };

  progress shake_hands(handshake_type as);
  progress shut_down();
  progress read(const boost::asio::mutable_buffer& into);
  progress write(const boost::asio::const_buffer& from);
  /// `result`: of the call of OpenSSL that came right before.
  progress after(int result);

  template <class Buffer, class Buffers>
  static Buffer first_of(const Buffers& all) {
    auto at = boost::asio::buffer_sequence_begin(all);
    const auto end = boost::asio::buffer_sequence_end(all);
    while (at != end && Buffer(*at).size() == 0) ++at;
    return at == end ? Buffer() : Buffer(*at);
  }
  template <class Done>
  static auto without_bytes(Done&& done) {
    return [done = std::forward<Done>(done)](const error_code& failed, std::size_t) mutable {
      done(failed);
    };
  }

  /// Does the first step in a turn of its own.
  template <class Step, class Done>
  static void begin(tls_stream& on, Step step, Done&& done) {
    boost::asio::post(on.get_executor(),
                      [&on, step = std::move(step), done = std::forward<Done>(done)]() mutable {
                        go_on(on, std::move(step), std::move(done));
                      });
  }
  template <class Step, class Done>
  static void go_on(tls_stream& on, Step step, Done&& done) {
    const auto now = step(on);
    if (now.wait_for == direction::none)
      done(now.failed, now.bytes);
    else
      wait(on, now, std::move(step), std::forward<Done>(done));
  }
  template <class Step, class Done>
  static void wait(tls_stream& on, const progress& now, Step step, Done&& done) {
    on.socket_.async_wait(
        now.wait_for == direction::in ? tcp_socket::wait_read : tcp_socket::wait_write,
        [&on, step = std::move(step),
         done = std::forward<Done>(done)](const error_code& failed) mutable {
          if (failed)
            done(failed, 0);
          else
            go_on(on, std::move(step), std::move(done));
        });
  }

  struct free_ssl {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  };

  tcp_socket socket_;
  const std::unique_ptr<SSL, free_ssl> ssl_;
};

}  // namespace starling::net
