/// When a session is due: for a heartbeat, for the notice that its token expires, for its end.
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

  /// When the right to be here ends that a token with this `exp` gives to a session opened then. A
  /// token that was accepted within the leeway after its `exp` gets that leeway.
  static std::chrono::milliseconds end(std::chrono::seconds exp,
                                       std::chrono::milliseconds opened) noexcept {
    const std::chrono::milliseconds at = exp;
    return at > opened ? at : at + notice;
  }

  void begin(steady_time now, std::chrono::milliseconds heartbeat) noexcept {
    next_heartbeat_ = now + heartbeat;
  }
  /// The token is another one now.
  void renewed() noexcept { announced_ = false; }
  /// What is due at this time; `end` is the token's.
  due look(std::chrono::milliseconds wall, steady_time now, std::chrono::milliseconds end,
           std::chrono::milliseconds heartbeat) noexcept;
  /// When to look next.
  steady_time next(std::chrono::milliseconds wall, steady_time now,
                   std::chrono::milliseconds end) const noexcept;

 private:
  steady_time next_heartbeat_{};
  bool announced_ = false;  ///< the client knows that its token expires
};

}  // namespace starling::actors
