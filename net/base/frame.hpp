/// Immutable bytes shared by every receiver of one event.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <new>
#include <span>
#include <string_view>
#include <utility>

namespace starling {

/// One encoded event, or several on end: one allocation, counted references, never changed after it
/// is made.
///
/// The whole is what an HTTP/1.1 client gets (chunk header, body, chunk end); the body alone is
/// what an HTTP/1.0 client gets. For WebSocket both are the same. Any thread.
class frame {
 public:
  frame() = default;
  /// Copies `prefix + body + suffix` into one new block. `accepted_ns`: for each event in it, the
  /// wall clock when its publish was accepted, for the delivery latency; empty when these bytes
  /// are no event.
  frame(std::string_view prefix, std::string_view body, std::string_view suffix,
        std::span<const std::int64_t> accepted_ns = {}) {
    const auto size = prefix.size() + body.size() + suffix.size();
    block_ = new (::operator new(sizeof(block) + accepted_ns.size_bytes() + size)) block;
    block_->size = static_cast<std::uint32_t>(size);
    block_->prefix = static_cast<std::uint16_t>(prefix.size());
    block_->suffix = static_cast<std::uint16_t>(suffix.size());
    block_->events = static_cast<std::uint32_t>(accepted_ns.size());
    std::copy(accepted_ns.begin(), accepted_ns.end(), block_->times());
    char* at = block_->bytes();
    for (const auto part : {prefix, body, suffix}) at += part.copy(at, part.size());
  }

  frame(const frame& other) noexcept : block_(other.block_) {
    if (block_) block_->refs.fetch_add(1, std::memory_order_relaxed);
  }
  frame(frame&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  frame& operator=(frame other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~frame() {
    if (block_ && block_->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      block_->~block();
      ::operator delete(block_);
    }
  }

  explicit operator bool() const noexcept { return block_ != nullptr; }
  /// All bytes, framing of the transfer encoding included.
  std::string_view whole() const noexcept { return {block_->bytes(), block_->size}; }
  /// Without the transfer encoding.
  std::string_view body() const noexcept {
    return whole().substr(block_->prefix, block_->size - block_->prefix - block_->suffix);
  }
  /// One time per event.
  std::span<const std::int64_t> accepted_ns() const noexcept {
    return {block_->times(), block_->events};
  }
  bool is_event() const noexcept { return block_->events > 0; }
  /// What it counts for in an outbox: a notice as much as an event.
  std::size_t items() const noexcept { return std::max<std::size_t>(block_->events, 1); }

 private:
  /// Header; the times and then the bytes follow it.
  struct alignas(std::int64_t) block {
    std::atomic<std::uint32_t> refs{1};
    std::uint32_t size = 0;
    std::uint32_t events = 0;
    std::uint16_t prefix = 0;
    std::uint16_t suffix = 0;
    std::int64_t* times() noexcept { return reinterpret_cast<std::int64_t*>(this + 1); }
    char* bytes() noexcept { return reinterpret_cast<char*>(times() + events); }
  };
  block* block_ = nullptr;
};

}  // namespace starling
