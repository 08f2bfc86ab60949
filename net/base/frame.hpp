/// Immutable bytes shared by every receiver of one event.
#pragma once

#include <atomic>
#include <cstdint>
#include <new>
#include <string_view>
#include <utility>

namespace starling {

/// One encoded event: one allocation, counted references, never changed after it is made.
///
/// The whole is what an HTTP/1.1 client gets (chunk header, body, chunk end); the body alone is
/// what an HTTP/1.0 client gets. For WebSocket both are the same. Any thread.
class frame {
 public:
  frame() = default;
  /// Copies `prefix + body + suffix` into one new block. `accepted_ns`: wall clock when the publish
  /// was accepted, for the delivery latency; 0 when these bytes are no event.
  frame(std::string_view prefix, std::string_view body, std::string_view suffix,
        std::int64_t accepted_ns = 0) {
    const auto size = prefix.size() + body.size() + suffix.size();
    block_ = new (::operator new(sizeof(block) + size)) block;
    block_->size = static_cast<std::uint32_t>(size);
    block_->prefix = static_cast<std::uint16_t>(prefix.size());
    block_->suffix = static_cast<std::uint16_t>(suffix.size());
    block_->accepted_ns = accepted_ns;
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
  std::int64_t accepted_ns() const noexcept { return block_->accepted_ns; }

 private:
  struct block {
    std::atomic<std::uint32_t> refs{1};
    std::uint32_t size = 0;
    std::uint16_t prefix = 0;
    std::uint16_t suffix = 0;
    std::int64_t accepted_ns = 0;
    char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
  };
  block* block_ = nullptr;
};

}  // namespace starling
