/// Frames of one connection that the kernel has not taken yet.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "net/base/frame.hpp"

namespace starling::net {

/// A queue in one block that exists only while something waits: 16 bytes when empty. Unbounded; the
/// owner watches bytes() and frames(). One thread.
class outbox {
 public:
  /// `whole`: frames go out with their transfer encoding, else their bodies alone.
  explicit outbox(bool whole) noexcept : whole_(whole) {}
  ~outbox() { clear(); }
  outbox(const outbox&) = delete;
  outbox& operator=(const outbox&) = delete;

  bool empty() const noexcept { return ring_ == nullptr; }
  std::size_t frames() const noexcept { return ring_ ? ring_->count : 0; }
  std::size_t bytes() const noexcept { return ring_ ? ring_->bytes : 0; }

  /// Appends; answers how many bytes that will put on the wire.
  std::size_t push(frame what);
  /// Fills `out` from the front, without what was written already; answers how many were filled.
  std::size_t gather(std::span<iovec> out) const noexcept;
  /// Forgets `bytes` from the front and calls `done(frame)` for each frame that is complete.
  template <class Done>
  void consume(std::size_t bytes, Done&& done);

  struct dropped {
    std::size_t events = 0;
    std::size_t bytes = 0;
  };
  /// Drops events (frames with an acceptance time) except the first `begun` frames and a frame that
  /// is partly written.
  dropped drop_events(std::size_t begun);
  void clear() noexcept;

 private:
  /// Header of the block; `capacity` (a power of two) frames follow it.
  struct ring {
    std::size_t bytes = 0;
    std::uint32_t capacity = 0;
    std::uint32_t head = 0;
    std::uint32_t count = 0;
    std::uint32_t written = 0;  ///< bytes of the front frame that are gone
    frame& at(std::size_t i) noexcept {
      return reinterpret_cast<frame*>(this + 1)[(head + i) & (capacity - 1)];
    }
  };
  static ring* make(std::uint32_t capacity);
  static void free(ring* block) noexcept;
  void grow();
  std::string_view bytes_of(const frame& what) const noexcept {
    return whole_ ? what.whole() : what.body();
  }
  frame pop() noexcept;

  ring* ring_ = nullptr;
  bool whole_;
};

template <class Done>
void outbox::consume(std::size_t bytes, Done&& done) {
  while (ring_ && bytes > 0) {
    const auto left = bytes_of(ring_->at(0)).size() - ring_->written;
    if (bytes < left) {
      ring_->written += static_cast<std::uint32_t>(bytes);
      ring_->bytes -= bytes;
      return;
    }
    bytes -= left;
    ring_->bytes -= left;
    done(pop());
  }
}

}  // namespace starling::net
