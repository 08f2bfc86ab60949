/// One thread of the node: an event loop, its timers, and the transports waiting to be flushed.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <thread>

#include "net/base/clock.hpp"
#include "net/base/metrics.hpp"
#include "net/io/timer_wheel.hpp"

namespace starling::net {

/// Something that collects writes during a pass and hands them to the kernel at its end.
class flushable {
 public:
  virtual void flush() = 0;

 protected:
  ~flushable() = default;

 private:
  friend class io_loop;
  bool dirty_ = false;
};

/// Runs handlers on one thread (UNSAFE_IO: sockets of this loop are touched by this thread only;
/// post() is safe from any thread).
class io_loop {
 public:
  explicit io_loop(unsigned index);
  ~io_loop();
  io_loop(const io_loop&) = delete;
  io_loop& operator=(const io_loop&) = delete;

  /// Starts the thread; from then on on_thread() is true there and nowhere else. An exception that
  /// leaves a handler is logged and the loop goes on.
  void start();
  /// Lets the thread end once it has nothing to do any more; then join().
  void release();
  /// Ends the thread now, whatever is pending.
  void stop();
  void join();

  unsigned index() const noexcept { return index_; }
  bool on_thread() const noexcept { return std::this_thread::get_id() == thread_id_; }
  boost::asio::io_context& context() noexcept { return context_; }
  /// Runs `work` on the loop's thread and waits until it is done; here if there is no such thread.
  /// What it throws is thrown here.
  void call(const std::function<void()>& work);
  timer_wheel& timers() noexcept { return timers_; }
  shard_metrics& metrics() noexcept { return metrics_; }
  const shard_metrics& metrics() const noexcept { return metrics_; }

  /// Calls `target.flush()` once, after the handlers that are already queued and after those marked
  /// before; when many are marked, other handlers run in between. Loop thread only.
  void mark_dirty(flushable& target);
  /// `target` is going away. Loop thread only.
  void forget(flushable& target) noexcept;

 private:
  void run();
  void flush_later();
  void flush_some();
  void arm_tick();
  void on_tick();

  const unsigned index_;
  // Before the context: the handlers it still holds when it ends own timers and transports.
  timer_wheel timers_;
  shard_metrics metrics_;
  std::deque<flushable*> dirty_;  ///< in the order in which they were marked; nullptr: gone
  bool flush_posted_ = false;
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer tick_;
  bool tick_armed_ = false;
  std::thread thread_;
  std::thread::id thread_id_;
};

}  // namespace starling::net
