/// Times that clients are told differ, so that those who left together do not return together.
#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace starling {

/// A time between the two, both included. Any thread. `most` below `least` counts as `least`.
template <class Duration>
Duration random_between(Duration least, Duration most) {
  thread_local std::minstd_rand random{std::random_device{}()};
  return Duration(std::uniform_int_distribution<typename Duration::rep>(
      least.count(), std::max(least, most).count())(random));
}

}  // namespace starling
