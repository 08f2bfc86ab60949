/// Frames of one connection that the kernel has not taken yet.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "net/base/frame.hpp"

namespace starling::net {

/// A queue whose front stands in the object and whose rest is one block that exists only while more
/// than one frame waits: a frame that goes out at once costs no allocation. Unbounded; the owner
/// watches bytes() and items(). One thread.
class outbox {
 public:
  /// `whole`: frames go out with their transfer encoding, else their bodies alone.
  explicit outbox(bool whole) noexcept : whole_(whole) {}
  ~outbox() { clear(); }
  outbox(const outbox&) = delete;
  outbox& operator=(const outbox&) = delete;

  bool empty() const noexcept { return !front_; }
  std::size_t frames() const noexcept { return front_ ? 1 + (rest_ ? rest_->count : 0) : 0; }
  /// Events and notices. A frame of several events that is partly written counts for as many of
  /// them as its bytes that are left.
  std::size_t items() const noexcept;
  std::size_t bytes() const noexcept;

  /// Appends; answers how many bytes that will put on the wire.
  std::size_t push(frame frame);
  /// Fills `out` from the front, without what was written already; answers how many were filled.
  std::size_t gather(std::span<iovec> out) const noexcept;
  /// Forgets `bytes` from the front and calls `done(frame)` for each frame that is complete.
  template <class Done>
  void consume(std::size_t bytes, Done&& done);

  struct dropped {
    std::size_t events = 0;
    std::size_t bytes = 0;
  };
  /// Drops events except the first `begun` frames and a frame that
  /// is partly written.
  dropped drop_events(std::size_t begun);
  void clear() noexcept;

 private:
  /// Header of the block; `capacity` (a power of two) frames follow it.
  struct ring {
    std::size_t bytes = 0;
    std::size_t items = 0;
    std::uint32_t capacity = 0;
    std::uint32_t head = 0;
    std::uint32_t count = 0;
    frame& at(std::size_t i) noexcept {
      return reinterpret_cast<frame*>(this + 1)[(head + i) & (capacity - 1)];
    }
  };
  static ring* make(std::uint32_t capacity);
  static void free(ring* block) noexcept;
  frame& at(std::size_t i) noexcept { return i == 0 ? front_ : rest_->at(i - 1); }
  void push_rest(frame frame, std::size_t size);
  std::string_view bytes_of(const frame& frame) const noexcept {
    return whole_ ? frame.whole() : frame.body();
  }
  frame pop() noexcept;
  void keep(std::size_t frames) noexcept;

  frame front_;
  ring* rest_ = nullptr;
  std::uint32_t written_ = 0;  ///< bytes of the front frame that are gone
  bool whole_;
};

template <class Done>
void outbox::consume(std::size_t bytes, Done&& done) {
  while (front_ && bytes > 0) {
    const auto left = bytes_of(front_).size() - written_;
    if (bytes < left) {
      written_ += static_cast<std::uint32_t>(bytes);
      return;
    }
    bytes -= left;
    done(pop());
  }
}

}  // namespace starling::net
