#include "actors/node/node.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <vector>

#include "cluster/engine.hpp"
#include "net/auth/identity.hpp"

namespace starling::actors {

namespace {

using verdicts = std::vector<net::publish_verdict>;

constexpr std::chrono::seconds patience{10};

/// A whole node on one loop, with the memory engine and without a server.
struct lone_node {
  lone_node() {
    loop.start();
    node_options options;
    options.id = node_id{"n1"};
    node.emplace(std::vector{&loop}, cluster::make_memory_engine({}), std::move(options),
                 node_hooks{});
    node->start("", "");
  }
  ~lone_node() { node->stop(); }

  void publish(std::function<void(verdicts)> done) {
    auto caller = std::make_shared<net::identity>();
    caller->tenant = tenant_id{"t1"};
    caller->publish_all = true;
    net::publish_item item;
    item.target = net::publish_item::target_kind::rooms;
    item.names = {"a"};
    item.event = "message";
    net::publish_batch batch;
    batch.items.emplace_back(std::move(item));
    loop.call([&] { node->publish(loop, std::move(caller), std::move(batch), std::move(done)); });
  }

  net::io_loop loop{0};
  std::optional<actors::node> node;
};

}  // namespace

TEST_SUITE("actors/node") {
  TEST_CASE("what becomes of a verdict is not the publisher's: its fault ends nothing else") {
    lone_node n;
    // As in an answer over HTTP, behind which the next request of its connection is handled.
    n.publish([](const verdicts&) { throw std::runtime_error("the next request's handler"); });
    std::promise<bool> answered;
    n.publish([&](const verdicts& all) {
      answered.set_value(all.size() == 1 && all[0].ok() && n.loop.on_thread());
    });
    auto answer = answered.get_future();
    REQUIRE(answer.wait_for(patience) == std::future_status::ready);
    CHECK(answer.get());
  }
}

}  // namespace starling::actors
