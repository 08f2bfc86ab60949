#include "net/io/timer_wheel.hpp"

#include <algorithm>
#include <cassert>

namespace starling::net {

wheel_timer::~wheel_timer() {
  if (wheel_) wheel_->cancel(*this);
}

timer_wheel::~timer_wheel() {
  for (auto& slot : wheel_)
    while (slot) unlink(*slot);
  while (firing_) unlink(*firing_);
}

std::uint64_t timer_wheel::tick_of(steady_time at) const noexcept {
  return at <= start_ ? 0 : static_cast<std::uint64_t>((at - start_) / tick);
}

void timer_wheel::link(wheel_timer*& head, wheel_timer& timer) noexcept {
  timer.next_ = head;
  timer.at_ = &head;
  if (head) head->at_ = &timer.next_;
  head = &timer;
}

void timer_wheel::unlink(wheel_timer& timer) noexcept {
  *timer.at_ = timer.next_;
  if (timer.next_) timer.next_->at_ = timer.at_;
  timer.next_ = nullptr;
  timer.at_ = nullptr;
  timer.wheel_ = nullptr;
  --size_;
}

void timer_wheel::arm(wheel_timer& timer, steady_time due) {
  assert(!timer.wheel_ || timer.wheel_ == this);
  if (timer.wheel_) unlink(timer);
  // Rounded up, and never into a tick that was already fired: on_timer may arm for "now".
  const auto due_tick = tick_of(due + tick - steady_time::duration{1});
  timer.due_tick_ = std::max(due_tick, now_tick_ + 1);
  timer.wheel_ = this;
  link(wheel_[timer.due_tick_ % slots], timer);
  if (++size_ == 1 && wake_) wake_(wake_context_);
}

void timer_wheel::cancel(wheel_timer& timer) noexcept {
  if (timer.wheel_ == this) unlink(timer);
}

void timer_wheel::advance(steady_time now) {
  const auto target = tick_of(now);
  if (target > now_tick_) {
    const auto steps = std::min<std::uint64_t>(size_ == 0 ? 0 : target - now_tick_, slots);
    const auto first = now_tick_ + 1;
    now_tick_ = target;
    // The newest slot first: link() puts each in front, so the oldest fire first.
    for (auto step = steps; step > 0; --step) collect(wheel_[(first + step - 1) % slots]);
  }
  // The list is a member, so that a callback that throws leaves the rest for the next call.
  while (firing_) {
    auto& timer = *firing_;
    unlink(timer);
    timer.on_timer();
  }
}

void timer_wheel::collect(wheel_timer* slot) noexcept {
  while (slot) {
    auto& timer = *slot;
    slot = timer.next_;
    if (timer.due_tick_ > now_tick_) continue;
    *timer.at_ = timer.next_;
    if (timer.next_) timer.next_->at_ = timer.at_;
    link(firing_, timer);
  }
}

}  // namespace starling::net
