#include "net/io/io_loop.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <future>
#include <memory>
#include <string>

#include "net/base/fault.hpp"
#include "net/base/thread_name.hpp"

namespace starling::net {

namespace {
/// Writes to a large room take tens of milliseconds: what else there is to do comes in between,
/// every few tenths of one.
constexpr std::size_t flushes_at_once = 64;
}  // namespace

io_loop::io_loop(unsigned index)
    : index_(index),
      timers_(steady_clock::now()),
      context_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
      work_(boost::asio::make_work_guard(context_)),
      tick_(context_) {
  timers_.on_first_armed([](void* self) { static_cast<io_loop*>(self)->arm_tick(); }, this);
}

io_loop::~io_loop() {
  stop();
  join();
}

void io_loop::start() {
  std::promise<void> named;
  thread_ = std::thread([this, &named] {
    thread_id_ = std::this_thread::get_id();
    name_this_thread("shard-" + std::to_string(index_));
    named.set_value();
    run();
  });
  named.get_future().wait();
}

void io_loop::run() {
  for (;;) {
    try {
      context_.run();
      return;
    } catch (...) {
      log_caught("a handler", index_);
    }
  }
}

void io_loop::release() { work_.reset(); }

void io_loop::stop() { context_.stop(); }

void io_loop::join() {
  if (thread_.joinable()) thread_.join();
}

void io_loop::call(const std::function<void()>& work) {
  if (!thread_.joinable() || on_thread()) return work();
  const auto task = std::make_shared<std::packaged_task<void()>>(work);
  boost::asio::post(context_, [task] { (*task)(); });
  task->get_future().get();
}

void io_loop::mark_dirty(flushable& target) {
  if (target.dirty_) return;
  target.dirty_ = true;
  dirty_.push_back(&target);
  if (!flush_posted_) flush_later();
}

void io_loop::forget(flushable& target) noexcept {
  if (target.dirty_)
    std::replace(dirty_.begin(), dirty_.end(), &target, static_cast<flushable*>(nullptr));
  target.dirty_ = false;
}

void io_loop::flush_later() {
  flush_posted_ = true;
  boost::asio::post(context_, [this] { flush_some(); });
}

void io_loop::flush_some() {
  // Towards the cache, where they are not any more after a large room.
  constexpr std::size_t ahead = 8;
  for (auto left = std::min(dirty_.size(), flushes_at_once); left > 0; --left) {
    if (dirty_.size() > ahead) __builtin_prefetch(dirty_[ahead]);
    auto* const target = dirty_.front();
    dirty_.pop_front();
    if (!target) continue;
    target->dirty_ = false;
    try {
      target->flush();
    } catch (...) {
      log_caught("a flush", index_);
    }
  }
  flush_posted_ = false;
  if (!dirty_.empty()) flush_later();
}

void io_loop::arm_tick() {
  if (tick_armed_) return;
  tick_armed_ = true;
  tick_.expires_after(timer_wheel::tick);
  tick_.async_wait([this](const boost::system::error_code&) { on_tick(); });
}

void io_loop::on_tick() {
  tick_armed_ = false;
  // Armed anew first: a timer that throws must not stop the clock of the others.
  if (timers_.size() > 0) arm_tick();
  timers_.advance(steady_clock::now());
}

}  // namespace starling::net
