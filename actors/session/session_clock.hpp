/// When a session is due: for a heartbeat, for the notice that its token expires, for its end. And
/// when its peer was last there.
#pragma once

#include <chrono>

#include "net/base/clock.hpp"

namespace starling::actors {

/// Plain state: times are arguments. Wall-clock times are since the epoch.
class session_clock {
 public:
  /// How long before its end a client is told that its token expires.
  static constexpr std::chrono::seconds notice{60};

  struct due {
    bool expired = false;
    bool expiring = false;   ///< to be told now, and not again
    bool heartbeat = false;  ///< to be sent now
    std::chrono::milliseconds left{};
  };

  void begin(steady_time now, std::chrono::milliseconds heartbeat) noexcept {
    next_heartbeat_ = now + heartbeat;
  }
  /// The token is another one now.
  void renewed() noexcept { announced_ = false; }
  /// The peer has got something.
  void noticed(std::chrono::milliseconds wall) noexcept { noticed_ = wall; }
  /// When that was last; zero when never.
  std::chrono::milliseconds last_noticed() const noexcept { return noticed_; }
  /// What is due at this time; `end` is the token's.
  due look(std::chrono::milliseconds wall, steady_time now, std::chrono::milliseconds end,
           std::chrono::milliseconds heartbeat) noexcept;
  /// When to look next.
  steady_time next(std::chrono::milliseconds wall, steady_time now,
                   std::chrono::milliseconds end) const noexcept;

 private:
  steady_time next_heartbeat_{};
  std::chrono::milliseconds noticed_{};
  bool announced_ = false;  ///< the client knows that its token expires
};

}  // namespace starling::actors
