#include "net/io/tls_stream.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <cerrno>
#include <climits>
#include <new>

namespace starling::net {

namespace asio = boost::asio;

namespace {

// OpenSSL's own socket BIO would block, and raise SIGPIPE.

bool not_now(int why) noexcept { return why == EAGAIN || why == EWOULDBLOCK || why == EINTR; }

tcp_socket& socket_of(BIO* bio) noexcept { return *static_cast<tcp_socket*>(BIO_get_data(bio)); }

int read_socket(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  const auto got =
      ::recv(socket_of(bio).native_handle(), into, static_cast<std::size_t>(size), MSG_DONTWAIT);
  if (got < 0 && not_now(errno)) BIO_set_retry_read(bio);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(got);
}

int write_socket(BIO* bio, const char* from, int size) {
  BIO_clear_retry_flags(bio);
  const auto sent = ::send(socket_of(bio).native_handle(), from, static_cast<std::size_t>(size),
                           MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && not_now(errno)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

long control_socket(BIO* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_EOF: return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    default: return 0;
  }
}

const BIO_METHOD* socket_method() {
  static const BIO_METHOD* const method = [] {
    auto* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "starling socket");
    if (!made) throw std::bad_alloc();
    BIO_meth_set_read(made, read_socket);
    BIO_meth_set_write(made, write_socket);
    BIO_meth_set_ctrl(made, control_socket);
    return made;
  }();
  return method;
}

void drop_input(tcp_socket& of) noexcept {
  std::array<char, 16 * 1024> unread;  // more has not been asked for
  static_cast<void>(::recv(of.native_handle(), unread.data(), unread.size(), MSG_DONTWAIT));
}

int at_most_int(std::size_t size) noexcept {
  return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

}  // namespace

tls_stream::tls_stream(tcp_socket socket, asio::ssl::context& how)
    : socket_(std::move(socket)), ssl_(SSL_new(how.native_handle())) {
  auto* const bio = ssl_ ? BIO_new(socket_method()) : nullptr;
  if (!bio) throw std::bad_alloc();
  BIO_set_data(bio, &socket_);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_mode(ssl_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                               SSL_MODE_RELEASE_BUFFERS);
}

tls_stream::progress tls_stream::shake_hands(handshake_type as) {
  ERR_clear_error();
  const auto now = after(as == asio::ssl::stream_base::server ? SSL_accept(ssl_.get())
                                                              : SSL_connect(ssl_.get()));
  // A socket that is closed with unread bytes is reset, and the peer would not hear why.
  if (now.failed) drop_input(socket_);
  return now;
}

tls_stream::progress tls_stream::shut_down() {
  ERR_clear_error();
  auto said = SSL_shutdown(ssl_.get());
  if (said == 0) said = SSL_shutdown(ssl_.get());  // ours is written: now the peer's
  return after(said);
}

tls_stream::progress tls_stream::read(const asio::mutable_buffer& into) {
  if (into.size() == 0) return {direction::none, {}, 0};
  ERR_clear_error();
  return after(SSL_read(ssl_.get(), into.data(), at_most_int(into.size())));
}

tls_stream::progress tls_stream::write(const asio::const_buffer& from) {
  if (from.size() == 0) return {direction::none, {}, 0};
  ERR_clear_error();
  return after(SSL_write(ssl_.get(), from.data(), at_most_int(from.size())));
}

tls_stream::progress tls_stream::after(int result) {
  if (result > 0) return {direction::none, {}, static_cast<std::size_t>(result)};
  const int broken = errno;
  const auto end = [](const error_code& why) { return progress{direction::none, why, 0}; };
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ: return {direction::in, {}, 0};
    case SSL_ERROR_WANT_WRITE: return {direction::out, {}, 0};
    case SSL_ERROR_ZERO_RETURN: return end(asio::error::eof);
    case SSL_ERROR_SYSCALL:
      return end(broken != 0 ? error_code(broken, asio::error::get_system_category())
                             : error_code(asio::ssl::error::stream_truncated));
    default: break;
  }
  const auto why = ERR_get_error();
  if (ERR_GET_REASON(why) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
    return end(asio::ssl::error::stream_truncated);
  return end({static_cast<int>(why), asio::error::get_ssl_category()});
}

}  // namespace starling::net
