/// One answer out of several parts that come from different threads.
#pragma once

#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <vector>

namespace starling::actors {

/// Collects `parts` lists and calls `done` with all of them, on the thread of the last. Any thread.
template <class T>
class gather : public std::enable_shared_from_this<gather<T>> {
 public:
  gather(std::size_t parts, std::function<void(std::vector<T>)> done)
      : left_(parts), done_(std::move(done)) {}

  /// A function that takes one part. It keeps this object alive.
  std::function<void(std::vector<T>)> part() {
    return [me = this->shared_from_this()](std::vector<T> some) { me->add(std::move(some)); };
  }

 private:
  void add(std::vector<T> some) {
    {
      const std::lock_guard guard(lock_);
      std::move(some.begin(), some.end(), std::back_inserter(all_));
      if (--left_ > 0) return;
    }
    done_(std::move(all_));
  }

  std::mutex lock_;
  std::size_t left_;
  std::vector<T> all_;
  std::function<void(std::vector<T>)> done_;
};

}  // namespace starling::actors
