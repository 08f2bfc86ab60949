#include "net/io/listener.hpp"

#include <doctest/doctest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <future>

namespace starling::net {

namespace {
int option_of(tcp_socket& socket, int level, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  CHECK(::getsockopt(socket.native_handle(), level, option, &value, &size) == 0);
  return value;
}

/// Listens on one loop; every connection goes to `taker`, there.
class one_listener {
 public:
  explicit one_listener(std::function<void(tcp_socket)> taker) {
    loop.start();
    auto acceptors = bind_acceptors({&loop}, "127.0.0.1:0");
    at = acceptors.front().local_endpoint();
    listener_ = std::make_shared<listener>(
        std::vector<io_loop*>{&loop}, 0, std::move(acceptors.front()),
        std::make_shared<placement>(std::vector<double>{1}),
        [taker = std::move(taker)](std::size_t, tcp_socket socket, const tcp_endpoint&) {
          taker(std::move(socket));
        });
    loop.call([this] { listener_->start(); });
  }
  ~one_listener() {
    loop.call([this] { listener_->stop(); });
  }

  io_loop loop{0};
  tcp_endpoint at;

 private:
  std::shared_ptr<listener> listener_;
};
}  // namespace

TEST_SUITE("net/listener") {
  TEST_CASE("what is accepted notices a peer that vanished") {
    std::promise<tcp_socket> accepted;
    one_listener here([&](tcp_socket socket) { accepted.set_value(std::move(socket)); });
    boost::asio::io_context context;
    boost::asio::ip::tcp::socket client(context);
    client.connect(here.at);
    auto socket = accepted.get_future().get();

    CHECK(option_of(socket, SOL_SOCKET, SO_KEEPALIVE) == 1);
    CHECK(option_of(socket, IPPROTO_TCP, TCP_KEEPIDLE) == 60);
    CHECK(option_of(socket, IPPROTO_TCP, TCP_KEEPINTVL) == 10);
    CHECK(option_of(socket, IPPROTO_TCP, TCP_KEEPCNT) == 3);
    CHECK(option_of(socket, IPPROTO_TCP, TCP_USER_TIMEOUT) == 20'000);
    CHECK(option_of(socket, IPPROTO_TCP, TCP_NODELAY) == 1);
    here.loop.call([&] { socket.close(); });
  }

  TEST_CASE("a connection that fails does not keep those behind it away") {
    std::promise<void> second;
    int seen = 0;
    one_listener here([&](tcp_socket) {
      if (++seen == 1) throw std::runtime_error("the first");
      second.set_value();
    });
    boost::asio::io_context context;
    boost::asio::ip::tcp::socket one(context), two(context);
    one.connect(here.at);
    two.connect(here.at);
    CHECK(second.get_future().wait_for(std::chrono::seconds(5)) == std::future_status::ready);
  }
}

}  // namespace starling::net
