/// Times to wait differ, so that who left together (clients, or nodes that lost the same server)
/// does not return together.
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

/// `base` with up to half of it added or taken away. Any thread.
template <class Duration>
Duration half_more_or_less(Duration base) {
  return random_between(base - base / 2, base + base / 2);
}

/// For who must wait at least `wait`. Any thread.
template <class Duration>
Duration once_to_twice(Duration wait) {
  return random_between(wait, 2 * wait);
}

}  // namespace starling
