#include "net/io/placement.hpp"

#include <doctest/doctest.h>

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <mutex>

#include "net/io/listener.hpp"
#include "tests/net/http_fixture.hpp"

using namespace starling;
using namespace starling::net;

namespace {

/// So many connections, come to loops in turn as the kernel might spread them: where they end.
std::vector<std::size_t> placed(placement& over, std::size_t loops, std::size_t count) {
  std::vector<std::size_t> out(loops, 0);
  for (std::size_t i = 0; i < count; ++i) {
    const auto to = over.choose(i % loops);
    over.placed(to);
    ++out[to];
  }
  return out;
}

}  // namespace

TEST_SUITE("net/placement") {
  TEST_CASE("even shares leave connections where they came") {
    placement even({1, 1, 1});
    for (std::size_t i = 0; i < 300; ++i) {
      CHECK(even.choose(i % 3) == i % 3);
      even.placed(i % 3);
    }
  }

  TEST_CASE("a loop that is ahead by chance hands on what comes to it") {
    placement even({1, 1});
    std::size_t here = 0;
    for (int i = 0; i < 100; ++i) {
      const auto to = even.choose(0);
      even.placed(to);
      here += to == 0;
    }
    CHECK(here <= 52);
    CHECK(here >= 50);
  }

  TEST_CASE("loops get what their shares say, within a few connections") {
    placement uneven({0.1, 0.3, 0.6});
    const auto got = placed(uneven, 3, 1000);
    CHECK(got[0] == doctest::Approx(100).epsilon(0.04));
    CHECK(got[1] == doctest::Approx(300).epsilon(0.02));
    CHECK(got[2] == doctest::Approx(600).epsilon(0.02));
  }

  TEST_CASE("a loop without a share gets none") {
    placement uneven({0, 1});
    CHECK(placed(uneven, 2, 100) == std::vector<std::size_t>{0, 100});
  }

  TEST_CASE("what is handed over is served on the thread of its loop") {
    std::vector<std::unique_ptr<io_loop>> owned;
    std::vector<io_loop*> loops;
    for (unsigned i = 0; i < 3; ++i) {
      owned.push_back(std::make_unique<io_loop>(i));
      loops.push_back(owned.back().get());
    }
    std::mutex lock;
    std::vector<std::size_t> got(3, 0);
    bool elsewhere = false;
    const auto take = [&](std::size_t index, tcp_socket socket, const tcp_endpoint& remote) {
      const std::lock_guard hold(lock);
      ++got[index];
      elsewhere = elsewhere || !loops[index]->on_thread();
      boost::asio::write(socket, boost::asio::buffer(std::to_string(remote.port()) + "\n"));
    };
    auto acceptors = bind_acceptors(loops, "127.0.0.1:0");
    const auto address = to_text(acceptors.front().local_endpoint());
    const auto places = std::make_shared<placement>(std::vector<double>{0, 1, 2});
    std::vector<std::shared_ptr<listener>> listeners;
    for (std::size_t i = 0; i < 3; ++i) {
      listeners.push_back(
          std::make_shared<listener>(loops, i, std::move(acceptors[i]), places, take));
      boost::asio::post(loops[i]->context(), [each = listeners[i]] { each->start(); });
      loops[i]->start();
    }
    for (int i = 0; i < 60; ++i) {
      test::raw_client client(address);
      CHECK(client.read_until("\n").size() > 1);  // a socket that works, of a peer that is known
    }
    for (std::size_t i = 0; i < 3; ++i)
      boost::asio::post(loops[i]->context(), [each = listeners[i]] { each->stop(); });
    for (auto* loop : loops) loop->release();
    for (auto* loop : loops) loop->join();
    CHECK_FALSE(elsewhere);
    CHECK(got[0] == 0);
    CHECK(got[1] >= 17);
    CHECK(got[1] <= 23);
    CHECK(got[1] + got[2] == 60);
  }
}
