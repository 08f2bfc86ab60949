/// One answer out of several parts that come from different threads.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace starling::actors {

/// Collects `parts` values and calls `done` with all of them, on the thread of the last. Any
/// thread.
template <class T>
class gather : public std::enable_shared_from_this<gather<T>> {
 public:
  gather(std::size_t parts, std::function<void(std::vector<T>)> done)
      : left_(parts), done_(std::move(done)) {}

  /// A function that takes one part. It keeps this object alive.
  std::function<void(T)> part() {
    return [me = this->shared_from_this()](T one) { me->add(std::move(one)); };
  }

 private:
  void add(T one) {
    {
      const std::lock_guard guard(lock_);
      all_.push_back(std::move(one));
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
