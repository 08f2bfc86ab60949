/// Subscriptions of one connection that have ended and may still be in use by its read loop.
#pragma once

#include <nats/nats.h>

#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace starling::cluster {

/// cnats 3.4.1 finds the subscription of an incoming message under a lock, lets the lock go without
/// taking a reference, copies the message and only then uses the subscription (nats.c issue 637,
/// mended in 3.6.1): who destroys it in between frees it under the read loop. So our reference is
/// kept until a message that was sent after the end has come back: by then the read loop is done
/// with everything before. One echo is under way at a time and serves all that ended before it
/// left; what ended since waits for the echo of the next one, or for the end of the connection.
///
/// Any thread. Destroys what is left; only when the read loop of the connection has ended.
class retired_subscriptions {
 public:
  retired_subscriptions() = default;
  ~retired_subscriptions();
  retired_subscriptions(const retired_subscriptions&) = delete;
  retired_subscriptions& operator=(const retired_subscriptions&) = delete;

  /// Takes a subscription that has been unsubscribed. The number that an echo must carry, when one
  /// has to be sent now.
  std::optional<std::uint64_t> add(natsSubscription* ended);
  /// The echo with `number` has come back.
  void echoed(std::uint64_t number);
  std::size_t size() const;

 private:
  struct retired {
    std::uint64_t number;
    natsSubscription* subscription;
  };

  mutable std::mutex mutex_;
  std::vector<retired> kept_;  ///< ascending
  std::uint64_t last_number_ = 0;
  bool echo_under_way_ = false;
};

}  // namespace starling::cluster
