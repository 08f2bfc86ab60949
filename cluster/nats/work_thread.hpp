/// A thread that does, in order, what must not be done on the delivery thread of cnats.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace starling::cluster {

/// What can block, or grows with more than one message: answers about streams, decoding pages of
/// history, and whatever the completions of reads do. Messages of followed channels and
/// acknowledgements do not pass here: each is looked at where it comes.
class work_thread {
 public:
  work_thread() = default;
  ~work_thread();
  work_thread(const work_thread&) = delete;
  work_thread& operator=(const work_thread&) = delete;

  void start();
  /// Does what has been posted, and ends. What is posted later runs at once, on the caller's
  /// thread.
  void stop();

  /// Any thread. `job` must not throw.
  void post(std::function<void()> job);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  bool running_ = false;
  std::thread thread_;
};

}  // namespace starling::cluster
