/// One thread of actors: a CAF execution unit on top of an event loop.
#pragma once

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/execution_unit.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/resumable.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "net/io/io_loop.hpp"

namespace starling::actors {

/// Runs pinned actors, and any other CAF actor it is handed, on its loop's thread.
///
/// One posted handler drains the queue, 256 jobs at a time, so that sockets and timers get their
/// turn under load. Work from other threads costs one lock, and one post per empty -> non-empty
/// edge.
class shard final : public caf::execution_unit {
 public:
  shard(caf::actor_system& system, net::io_loop& loop);

  /// Queues a message. Any thread.
  void deliver(caf::strong_actor_ptr to, caf::mailbox_element_ptr message);
  /// Queues anything else CAF wants to run. Any thread.
  void exec_later(caf::resumable* task) override;

  /// What has been done so far, and whether there is nothing left to do. Loop thread only.
  struct progress {
    std::uint64_t jobs;
    bool idle;
  };
  progress look() const noexcept { return {jobs_, drains_posted_.load() == 0}; }

  /// What is to be sent later. Loop thread only.
  using timer_ptr = std::shared_ptr<boost::asio::steady_timer>;
  std::unordered_set<timer_ptr>& delayed() noexcept { return delayed_; }

  net::io_loop& loop() noexcept { return loop_; }
  unsigned index() const noexcept { return loop_.index(); }

 private:
  /// A message for an actor, or (without one) a resumable that owns a reference to itself.
  struct job {
    caf::strong_actor_ptr to;
    caf::mailbox_element_ptr message;
    caf::resumable* task = nullptr;
  };
  static constexpr std::size_t budget = 256;

  void push(job work);
  void post_drain();
  void take_inbox();
  void drain();
  void run(job& work);

  net::io_loop& loop_;
  std::deque<job> queue_;      // this thread only
  bool drain_posted_ = false;  // this thread only: one that will look at queue_
  std::uint64_t jobs_ = 0;     // this thread only
  std::unordered_set<timer_ptr> delayed_;
  /// Handlers on their way, queue_'s and inbox_'s; never 0 while something waits in either.
  std::atomic<unsigned> drains_posted_{0};
  std::mutex inbox_lock_;
  std::vector<job> inbox_;  // from other threads
  std::atomic<bool> inbox_filled_{false};
  std::vector<job> taken_;  // inbox_ being moved to queue_
};

}  // namespace starling::actors
