/// CAF's scheduler, made of our shards: nothing of CAF's own work-stealing pool runs in a node.
#pragma once

#include <caf/actor_system_config.hpp>
#include <caf/detail/thread_safe_actor_clock.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <memory>
#include <thread>
#include <vector>

#include "actors/runtime/shard.hpp"

namespace starling::actors {

/// Hands CAF's own jobs (its printer, plain event-based actors) to the shards in turn. Loops must
/// run before the actor system is made and end after it is destroyed.
class io_scheduler final : public caf::scheduler::abstract_coordinator {
 public:
  io_scheduler(caf::actor_system& system, const std::vector<net::io_loop*>& loops);

  /// Makes `cfg` build its systems on `loops`.
  static void load(caf::actor_system_config& cfg, std::vector<net::io_loop*> loops);

  /// Drops what is to be sent later, and waits until no shard has anything to do, and nothing one
  /// did gave another something to do.
  /// Not from a shard's thread; only useful when nobody outside sends messages any more.
  void settle();

  shard& at(std::size_t index) noexcept { return *shards_[index]; }
  std::size_t size() const noexcept { return shards_.size(); }

  void enqueue(caf::resumable* task) override;
  caf::actor_clock& clock() noexcept override { return clock_; }

 protected:
  void start() override;
  void stop() override;

 private:
  std::vector<std::unique_ptr<shard>> shards_;
  caf::detail::thread_safe_actor_clock clock_;
  std::thread clock_thread_;
};

/// The shards of a system that was built with io_scheduler::load.
io_scheduler& shards_of(caf::actor_system& system);

}  // namespace starling::actors
