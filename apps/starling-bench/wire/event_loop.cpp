#include "apps/starling-bench/wire/event_loop.hpp"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <system_error>

namespace starling::bench {

namespace {

constexpr int batch_size = 64;

void control(int epoll, int operation, int fd, std::uint32_t events, io_handler* handler) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = handler;
  if (epoll_ctl(epoll, operation, fd, &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

}  // namespace

std::int64_t now_ns() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

event_loop::event_loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  // The default slack of 50 us would show as lateness of open-loop sends.
  prctl(PR_SET_TIMERSLACK, 1UL);
}

event_loop::~event_loop() { ::close(epoll_); }

void event_loop::add(int fd, std::uint32_t events, io_handler& handler) {
  control(epoll_, EPOLL_CTL_ADD, fd, events, &handler);
}

void event_loop::modify(int fd, std::uint32_t events, io_handler& handler) {
  control(epoll_, EPOLL_CTL_MOD, fd, events, &handler);
}

void event_loop::remove(int fd) { control(epoll_, EPOLL_CTL_DEL, fd, 0, nullptr); }

void event_loop::poll(std::int64_t deadline_ns) {
  std::array<epoll_event, batch_size> ready;
  const auto wait = std::max<std::int64_t>(0, deadline_ns - now_ns());
  const timespec timeout{wait / second_ns, wait % second_ns};
  const int count = epoll_pwait2(epoll_, ready.data(), batch_size, &timeout, nullptr);
  for (int i = 0; i < count; ++i) {
    static_cast<io_handler*>(ready[i].data.ptr)->on_ready(ready[i].events);
  }
}

}  // namespace starling::bench
