#include "actors/runtime/io_scheduler.hpp"

#include <boost/asio/post.hpp>
#include <caf/actor_system.hpp>
#include <caf/logger.hpp>
#include <future>

namespace starling::actors {

io_scheduler::io_scheduler(caf::actor_system& system, const std::vector<net::io_loop*>& loops)
    : caf::scheduler::abstract_coordinator(system) {
  for (auto* loop : loops) shards_.push_back(std::make_unique<shard>(system, *loop));
}

void io_scheduler::load(caf::actor_system_config& cfg, std::vector<net::io_loop*> loops) {
  cfg.module_factories.push_back(
      [loops = std::move(loops)](caf::actor_system& system) -> caf::actor_system::module* {
        return new io_scheduler(system, loops);
      });
}

void io_scheduler::enqueue(caf::resumable* what) {
  shards_[next_worker_.fetch_add(1, std::memory_order_relaxed) % shards_.size()]->exec_later(what);
}

void io_scheduler::start() {
  clock_thread_ = std::thread([this] { clock_.run_dispatch_loop(); });
  abstract_coordinator::start();
}

void io_scheduler::stop() {
  stop_actors();
  // A thread that spawned an actor keeps a reference to the system's logger, and the system's
  // destructor waits for the last of those.
  for (const auto& each : shards_) {
    std::promise<void> released;
    boost::asio::post(each->loop().context(), [&] {
      caf::logger::set_current_actor_system(nullptr);
      released.set_value();
    });
    released.get_future().wait();
  }
  clock_.cancel_dispatch_loop();
  clock_thread_.join();
}

io_scheduler& shards_of(caf::actor_system& system) {
  return static_cast<io_scheduler&>(system.scheduler());
}

}  // namespace starling::actors
