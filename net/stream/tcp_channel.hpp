/// A transport's bytes over plain TCP: written and read without waiting, waited for without a
/// buffer.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <span>
#include <utility>

#include "net/io/socket.hpp"
#include "net/stream/stream_base.hpp"

namespace starling::net {

inline constexpr std::size_t max_gathered_frames = 64;
inline constexpr std::size_t read_buffer_bytes = 16 * 1024;

/// `Protocol` derives from stream_base.
template <class Protocol>
class tcp_channel final : public Protocol {
 public:
  template <class... Args>
  tcp_channel(tcp_socket socket, Args&&... args)
      : Protocol(std::forward<Args>(args)...), socket_(std::move(socket)) {}

 private:
  void write_queued() override {
    if (waiting_) return this->kernel_is_full();
    while (!this->queued().empty()) {
      std::array<iovec, max_gathered_frames> parts;
      const auto count = this->queued().gather(parts);
      std::size_t offered = 0;
      for (std::size_t i = 0; i < count; ++i) offered += parts[i].iov_len;
      const auto n = write(std::span(parts.data(), count));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return this->lost();
      if (n > 0) this->written(static_cast<std::size_t>(n));
      if (n < 0 || static_cast<std::size_t>(n) < offered) return wait_writable();
    }
  }

  ssize_t write(std::span<iovec> parts) {
    constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
    const int fd = socket_.native_handle();
    if (parts.size() == 1) return ::send(fd, parts[0].iov_base, parts[0].iov_len, flags);
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    return ::sendmsg(fd, &message, flags);
  }

  void wait_writable() {
    this->kernel_is_full();
    waiting_ = true;
    socket_.async_wait(tcp_socket::wait_write,
                       [this, alive = this->life()](const boost::system::error_code&) {
                         if (alive.expired() || this->over()) return;
                         waiting_ = false;
                         this->flush();
                       });
  }

  void arm_read() override {
    socket_.async_wait(tcp_socket::wait_read,
                       [this, alive = this->life()](const boost::system::error_code&) {
                         if (!alive.expired() && !this->over()) read();
                       });
  }

  void read() {
    thread_local std::array<char, read_buffer_bytes> buffer;
    const auto n = ::recv(socket_.native_handle(), buffer.data(), this->read_size(), MSG_DONTWAIT);
    if (n > 0)
      this->input({buffer.data(), static_cast<std::size_t>(n)});
    else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
      arm_read();
    else
      this->peer_left();
  }

  void end_output() override {
    boost::system::error_code gone;  // then the read side says so
    socket_.shutdown(tcp_socket::shutdown_send, gone);
  }

  void close_channel() noexcept override {
    boost::system::error_code ignored;  // the descriptor is freed in any case
    socket_.close(ignored);
  }

  std::size_t unacknowledged() noexcept override { return unacknowledged_bytes(socket_); }

  tcp_socket socket_;
  bool waiting_ = false;  ///< for the kernel to take more
};

}  // namespace starling::net
