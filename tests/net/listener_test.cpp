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
}  // namespace

TEST_SUITE("net/listener") {
  TEST_CASE("what is accepted notices a peer that vanished") {
    io_loop loop(0);
    loop.start();
    auto acceptors = bind_acceptors({&loop}, "127.0.0.1:0");
    const auto at = acceptors.front().local_endpoint();
    std::promise<tcp_socket> accepted;
    const auto places = std::make_shared<placement>(std::vector<double>{1});
    const auto here = std::make_shared<listener>(
        std::vector<io_loop*>{&loop}, 0, std::move(acceptors.front()), places,
        [&](std::size_t, tcp_socket socket, const tcp_endpoint&) {
          accepted.set_value(std::move(socket));
        });
    loop.call([&] { here->start(); });
    boost::asio::io_context context;
    boost::asio::ip::tcp::socket client(context);
    client.connect(at);
    auto socket = accepted.get_future().get();

    CHECK(option_of(socket, SOL_SOCKET, SO_KEEPALIVE) == 1);
    CHECK(option_of(socket, IPPROTO_TCP, TCP_KEEPIDLE) == 60);
    CHECK(option_of(socket, IPPROTO_TCP, TCP_KEEPINTVL) == 10);
    CHECK(option_of(socket, IPPROTO_TCP, TCP_KEEPCNT) == 3);
    CHECK(option_of(socket, IPPROTO_TCP, TCP_USER_TIMEOUT) == 20'000);
    CHECK(option_of(socket, IPPROTO_TCP, TCP_NODELAY) == 1);
    loop.call([&] {
      here->stop();
      socket.close();
    });
  }

  TEST_CASE("a connection that fails does not keep those behind it away") {
    io_loop loop(0);
    loop.start();
    auto acceptors = bind_acceptors({&loop}, "127.0.0.1:0");
    const auto at = acceptors.front().local_endpoint();
    std::promise<void> second;
    int seen = 0;
    const auto here =
        std::make_shared<listener>(std::vector<io_loop*>{&loop}, 0, std::move(acceptors.front()),
                                   std::make_shared<placement>(std::vector<double>{1}),
                                   [&](std::size_t, tcp_socket, const tcp_endpoint&) {
                                     if (++seen == 1) throw std::runtime_error("the first");
                                     second.set_value();
                                   });
    loop.call([&] { here->start(); });
    boost::asio::io_context context;
    boost::asio::ip::tcp::socket one(context), two(context);
    one.connect(at);
    two.connect(at);
    CHECK(second.get_future().wait_for(std::chrono::seconds(5)) == std::future_status::ready);
    loop.call([&] { here->stop(); });
  }
}

}  // namespace starling::net
