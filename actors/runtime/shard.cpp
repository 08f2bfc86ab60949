#include "actors/runtime/shard.hpp"

#include <boost/asio/post.hpp>

#include "actors/runtime/pinned_actor.hpp"

namespace starling::actors {

shard::shard(caf::actor_system& system, net::io_loop& loop)
    : caf::execution_unit(&system), loop_(loop) {}

void shard::deliver(caf::strong_actor_ptr to, caf::mailbox_element_ptr message) {
  push({std::move(to), std::move(message), nullptr});
}

void shard::exec_later(caf::resumable* task) { push({nullptr, nullptr, task}); }

void shard::push(job work) {
  if (loop_.on_thread()) {
    // What another thread sent before this stays before it: whoever sends in an order (an engine
    // under its lock) is heard in that order, whichever thread it is on.
    if (inbox_filled_.load(std::memory_order_acquire)) take_inbox();
    queue_.push_back(std::move(work));
    if (!drain_posted_) {
      drain_posted_ = true;
      post_drain();
    }
    return;
  }
  bool first;
  {
    const std::lock_guard guard(inbox_lock_);
    first = inbox_.empty();
    inbox_.push_back(std::move(work));
    inbox_filled_.store(true, std::memory_order_release);
  }
  if (first) post_drain();
}

void shard::post_drain() {
  ++drains_posted_;
  boost::asio::post(loop_.context(), [this] {
    --drains_posted_;
    drain();
  });
}

void shard::take_inbox() {
  {
    const std::lock_guard guard(inbox_lock_);
    taken_.swap(inbox_);
    inbox_filled_.store(false, std::memory_order_relaxed);
  }
  for (auto& work : taken_) queue_.push_back(std::move(work));
  taken_.clear();
}

void shard::drain() {
  take_inbox();
  drain_posted_ = true;  // what handlers add below is ours to run or to repost
  for (std::size_t n = 0; n < budget && !queue_.empty(); ++n) {
    job work = std::move(queue_.front());
    queue_.pop_front();
    run(work);
    ++jobs_;
  }
  drain_posted_ = !queue_.empty();
  if (drain_posted_) post_drain();
}

void shard::run(job& work) {
  if (work.task) {
    switch (work.task->resume(this, budget)) {
      case caf::resumable::resume_later: exec_later(work.task); break;
      case caf::resumable::awaiting_message:
      case caf::resumable::done:
      case caf::resumable::shutdown_execution_unit: caf::intrusive_ptr_release(work.task); break;
    }
    return;
  }
  static_cast<pinned_actor*>(work.to->get())->consume(*work.message);
}

}  // namespace starling::actors
