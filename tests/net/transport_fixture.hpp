/// Real loopback connections for transport tests, driven by the test's own thread.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <cerrno>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "net/io/io_loop.hpp"
#include "net/io/socket.hpp"
#include "net/stream/stream_transport.hpp"

namespace starling::net::test {

/// A loop that is run here, so that nothing happens between two lines of a test.
struct pumped_loop {
  io_loop loop{0};

  bool until(const std::function<bool()>& done,
             std::chrono::milliseconds most = std::chrono::seconds(5)) {
    const auto end = steady_clock::now() + most;
    while (!done()) {
      if (steady_clock::now() > end) return false;
      loop.context().run_one_for(std::chrono::milliseconds(1));
    }
    return true;
  }
  /// Runs what is ready now.
  void settle() {
    while (loop.context().poll_one() > 0) {
    }
  }
  /// As if `span` had passed for the timers.
  void skip(std::chrono::milliseconds span) { loop.timers().advance(steady_clock::now() + span); }
};

/// The other end: a plain socket.
class peer {
 public:
  explicit peer(int receive_buffer = 0) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer > 0)
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  ~peer() { close(); }
  peer(const peer&) = delete;

  void connect(std::uint16_t port) const {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
  }
  void send(std::string_view bytes) const {
    REQUIRE(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }
  /// Sends what the kernel takes; answers how much that was.
  std::size_t try_send(std::string_view bytes) const {
    const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return n > 0 ? static_cast<std::size_t>(n) : 0;
  }
  /// Reads what is there into `got`; true once the connection has ended.
  bool read() {
    char buffer[65536];
    for (;;) {
      const auto n = ::recv(fd_, buffer, sizeof buffer, 0);
      if (n > 0) {
        got.append(buffer, static_cast<std::size_t>(n));
        continue;
      }
      if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) ended = true;
      return ended;
    }
  }
  void end_output() const { ::shutdown(fd_, SHUT_WR); }
  void reset() {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

  std::string got;
  bool ended = false;

 private:
  int fd_;
};

/// What a socket holds for a peer that is to be slow, bytes.
inline constexpr int small_buffer = 4096;

/// A connected server socket for `client`.
inline tcp_socket accept(pumped_loop& on, peer& client, int send_buffer = 0) {
  using boost::asio::ip::tcp;
  boost::asio::basic_socket_acceptor<tcp, boost::asio::io_context::executor_type> acceptor(
      on.loop.context(), tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  if (send_buffer > 0) acceptor.set_option(boost::asio::socket_base::send_buffer_size(send_buffer));
  client.connect(acceptor.local_endpoint().port());
  tcp_socket out(on.loop.context());
  acceptor.accept(out);
  return out;
}

/// Writes down what it is told.
struct recorder : transport_observer {
  void on_closed(close_code why) override { closed.push_back(why); }
  void on_command(ws_command command) override {
    commands.push_back(std::move(command));
    if (at_command) at_command();
  }
  void on_drained() override { ++drained; }

  std::vector<close_code> closed;
  std::vector<ws_command> commands;
  int drained = 0;
  std::function<void()> at_command;
};

inline frame event_frame(std::string_view body) {
  const std::int64_t accepted[] = {wall_ns()};
  return {"", body, "", accepted};
}
inline frame notice_frame(std::string_view body) { return {"", body, ""}; }

}  // namespace starling::net::test
