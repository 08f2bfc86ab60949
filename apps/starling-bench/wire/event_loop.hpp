/// A thin epoll loop for thousands of raw sockets in one thread.
#pragma once

#include <cstdint>

namespace starling::bench {

/// Steady clock in nanoseconds: the time base of every measurement.
std::int64_t now_ns() noexcept;

constexpr std::int64_t second_ns = 1'000'000'000;

/// Owner of a descriptor in the loop. Must outlive its registration.
class io_handler {
 public:
  virtual void on_ready(std::uint32_t events) = 0;

 protected:
  ~io_handler() = default;
};

class event_loop {
 public:
  event_loop();
  ~event_loop();
  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;

  void add(int fd, std::uint32_t events, io_handler& handler);
  void modify(int fd, std::uint32_t events, io_handler& handler);
  void remove(int fd);

  /// Serves one batch of ready descriptors, waiting for the first until `deadline_ns`. The batch is
  /// small, so the caller can look at its send schedule between two of them.
  void poll(std::int64_t deadline_ns);

 private:
  int epoll_;
};

}  // namespace starling::bench
