/// The lock of a feed, and how it is let go while NATS is asked.
#pragma once

#include <mutex>
#include <utility>

namespace starling::cluster {

/// A feed has one mutex. Under it lives what its threads share: the delivery thread of cnats, which
/// hears; "nats-ingest", which asks; and the threads of those who call the feed. It is never held
/// while NATS is asked or written to. A function that takes a `feed_lock&` is called with the lock
/// and returns with it; what it says to let go of it for may change what others see.
using feed_lock = std::unique_lock<std::mutex>;

/// Without the lock while `work` is done, which may block.
template <class Work>
auto unlocked(feed_lock& hold, Work&& work) {
  struct pause {
    explicit pause(feed_lock& paused) : hold(paused) { hold.unlock(); }
    ~pause() { hold.lock(); }
    pause(const pause&) = delete;
    pause& operator=(const pause&) = delete;
    feed_lock& hold;
  };
  const pause here(hold);
  return std::forward<Work>(work)();
}

}  // namespace starling::cluster
