#include "actors/runtime/io_scheduler.hpp"

#include <boost/asio/post.hpp>
#include <caf/actor_system.hpp>
#include <caf/logger.hpp>
#include <future>

#include "net/base/thread_name.hpp"

namespace starling::actors {

namespace {

/// Waits until `task` has run on the thread of `home`.
template <class F>
void run_on(shard& home, F&& task) {
  std::promise<void> done;
  boost::asio::post(home.loop().context(), [&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

}  // namespace

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

void io_scheduler::enqueue(caf::resumable* task) {
  shards_[next_worker_.fetch_add(1, std::memory_order_relaxed) % shards_.size()]->exec_later(task);
}

void io_scheduler::start() {
  clock_thread_ = std::thread([this] {
    name_this_thread("actor-clock");
    clock_.run_dispatch_loop();
  });
  abstract_coordinator::start();
}

void io_scheduler::stop() {
  stop_actors();
  settle();
  // A thread that spawned an actor keeps a reference to the system's logger, and the system's
  // destructor waits for the last of those.
  for (const auto& each : shards_)
    run_on(*each, [] { caf::logger::set_current_actor_system(nullptr); });
  clock_.cancel_dispatch_loop();
  clock_thread_.join();
}

void io_scheduler::settle() {
  for (const auto& each : shards_)
    run_on(*each, [&] {
      for (const auto& timer : each->delayed()) timer->cancel();
      each->delayed().clear();
    });
  std::uint64_t before = 0;
  for (bool quiet = false; !quiet;) {
    std::uint64_t jobs = 0;
    quiet = true;
    for (const auto& each : shards_)
      run_on(*each, [&] {
        const auto now = each->look();
        jobs += now.jobs;
        quiet = quiet && now.idle;
      });
    quiet = quiet && jobs == before;
    before = jobs;
  }
}

io_scheduler& shards_of(caf::actor_system& system) {
  return static_cast<io_scheduler&>(system.scheduler());
}

}  // namespace starling::actors
