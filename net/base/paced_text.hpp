/// A text that costs something to make and that anybody may ask for.
#pragma once

#include <algorithm>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include "net/base/clock.hpp"

namespace starling {

/// Makes the text anew for each who asks, as long as nobody asks too often: `burst` times at once
/// and `per_second` times a second afterwards. Beyond that the last one is given again, so that it
/// is 1/`per_second` old at most. Any thread; others wait while it is made.
class paced_text {
 public:
  paced_text(std::function<std::string()> make, double burst, double per_second)
      : make_(std::move(make)), burst_(burst), per_second_(per_second), left_(burst) {}

  std::string get(steady_time now) {
    const std::lock_guard guard(lock_);
    const auto passed = std::chrono::duration<double>(now - at_).count();
    at_ = now;
    left_ = std::min(burst_, left_ + std::max(passed, 0.0) * per_second_);
    if (left_ >= 1) {
      left_ -= 1;
      last_ = make_();
    }
    return last_;
  }

 private:
  const std::function<std::string()> make_;
  const double burst_;
  const double per_second_;
  std::mutex lock_;
  double left_;
  steady_time at_{};
  std::string last_;
};

}  // namespace starling
