#include "cluster/nats/work_thread.hpp"

#include <nats/nats.h>

#include <utility>

#include "net/base/thread_name.hpp"

namespace starling::cluster {

work_thread::~work_thread() { stop(); }

void work_thread::start() {
  {
    const std::lock_guard hold(mutex_);
    running_ = true;
  }
  thread_ = std::thread([this] { run(); });
}

void work_thread::stop() {
  {
    const std::lock_guard hold(mutex_);
    running_ = false;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void work_thread::post(std::function<void()> job) {
  {
    const std::lock_guard hold(mutex_);
    if (running_) {
      jobs_.push_back(std::move(job));
      changed_.notify_one();
      return;
    }
  }
  job();
}

void work_thread::run() {
  name_this_thread("nats-work");
  for (;;) {
    std::deque<std::function<void()>> batch;
    {
      std::unique_lock hold(mutex_);
      changed_.wait(hold, [this] { return !running_ || !jobs_.empty(); });
      if (jobs_.empty()) break;
      batch.swap(jobs_);
    }
    for (auto& job : batch) job();
  }
  nats_ReleaseThreadMemory();
}

}  // namespace starling::cluster
