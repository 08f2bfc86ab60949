/// Timers by the ten thousand: one wheel per loop, 40 bytes per timer, 50 ms resolution.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "net/base/clock.hpp"

namespace starling::net {

class timer_wheel;

/// A timer inside its owner. Not movable while armed; cancels itself when destroyed.
class wheel_timer {
 public:
  wheel_timer() = default;
  wheel_timer(const wheel_timer&) = delete;
  wheel_timer& operator=(const wheel_timer&) = delete;

  bool armed() const noexcept { return wheel_ != nullptr; }

 protected:
  ~wheel_timer();
  /// Called on the wheel's thread at or up to one tick after the deadline; the timer is not armed.
  virtual void on_timer() = 0;

 private:
  friend class timer_wheel;
  wheel_timer* next_ = nullptr;
  wheel_timer** at_ = nullptr;
  timer_wheel* wheel_ = nullptr;
  std::uint64_t due_tick_ = 0;
};

/// Hashed timing wheel. One thread. Time is given by the caller, so tests need no waiting.
class timer_wheel {
 public:
  static constexpr std::chrono::milliseconds tick{50};

  explicit timer_wheel(steady_time start) : start_(start) {}
  /// Timers that are still armed are disarmed.
  ~timer_wheel();
  timer_wheel(const timer_wheel&) = delete;
  timer_wheel& operator=(const timer_wheel&) = delete;

  /// (Re)arms `timer` to fire at `due`.
  void arm(wheel_timer& timer, steady_time due);
  void cancel(wheel_timer& timer) noexcept;
  /// Fires everything due at `now`, oldest tick first. A timer that is armed meanwhile fires at the
  /// next tick at the earliest. When on_timer throws, the rest fires with the next call.
  void advance(steady_time now);

  std::size_t size() const noexcept { return size_; }
  /// Called when the first timer is armed on an empty wheel; the owner starts ticking then.
  void on_first_armed(void (*wake)(void*), void* context) noexcept {
    wake_ = wake;
    wake_context_ = context;
  }

 private:
  static constexpr std::size_t slots = 1024;
  std::uint64_t tick_of(steady_time at) const noexcept;
  static void link(wheel_timer*& head, wheel_timer& timer) noexcept;
  void unlink(wheel_timer& timer) noexcept;
  void collect(wheel_timer* slot) noexcept;

  steady_time start_;
  std::uint64_t now_tick_ = 0;
  std::size_t size_ = 0;
  std::array<wheel_timer*, slots> wheel_{};
  wheel_timer* firing_ = nullptr;
  void (*wake_)(void*) = nullptr;
  void* wake_context_ = nullptr;
};

}  // namespace starling::net
