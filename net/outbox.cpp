#include "net/outbox.hpp"

#include <algorithm>
#include <new>

namespace starling::net {

outbox::ring* outbox::make(std::uint32_t capacity) {
  auto* block = new (::operator new(sizeof(ring) + capacity * sizeof(frame))) ring;
  block->capacity = capacity;
  for (std::uint32_t i = 0; i < capacity; ++i) new (&block->at(i)) frame;
  return block;
}

void outbox::free(ring* block) noexcept {
  for (std::uint32_t i = 0; i < block->capacity; ++i) block->at(i).~frame();
  ::operator delete(block);
}

void outbox::grow() {
  auto* bigger = make(ring_->capacity * 2);
  bigger->bytes = ring_->bytes;
  bigger->count = ring_->count;
  bigger->written = ring_->written;
  for (std::uint32_t i = 0; i < ring_->count; ++i) bigger->at(i) = std::move(ring_->at(i));
  free(std::exchange(ring_, bigger));
}

std::size_t outbox::push(frame what) {
  static constexpr std::uint32_t first_capacity = 4;
  const auto size = bytes_of(what).size();
  if (size == 0) return 0;  // would never be consumed
  if (!ring_)
    ring_ = make(first_capacity);
  else if (ring_->count == ring_->capacity)
    grow();
  ring_->at(ring_->count++) = std::move(what);
  ring_->bytes += size;
  return size;
}

std::size_t outbox::gather(std::span<iovec> out) const noexcept {
  const auto count = std::min(out.size(), frames());
  for (std::size_t i = 0; i < count; ++i) {
    auto bytes = bytes_of(ring_->at(i));
    if (i == 0) bytes.remove_prefix(ring_->written);
    out[i] = {const_cast<char*>(bytes.data()), bytes.size()};  // writev never writes to it
  }
  return count;
}

frame outbox::pop() noexcept {
  frame front = std::move(ring_->at(0));
  ring_->head = (ring_->head + 1) & (ring_->capacity - 1);
  ring_->written = 0;
  if (--ring_->count == 0) free(std::exchange(ring_, nullptr));
  return front;
}

outbox::dropped outbox::drop_events(std::size_t begun) {
  dropped out;
  if (!ring_) return out;
  if (ring_->written > 0) begun = std::max<std::size_t>(begun, 1);
  auto kept = std::min<std::size_t>(begun, ring_->count);
  for (std::size_t i = kept; i < ring_->count; ++i) {
    frame one = std::move(ring_->at(i));
    if (one.accepted_ns() == 0) {
      ring_->at(kept++) = std::move(one);
      continue;
    }
    ++out.events;
    out.bytes += bytes_of(one).size();
  }
  ring_->bytes -= out.bytes;
  ring_->count = static_cast<std::uint32_t>(kept);
  if (kept == 0) free(std::exchange(ring_, nullptr));
  return out;
}

void outbox::clear() noexcept {
  if (ring_) free(std::exchange(ring_, nullptr));
}

}  // namespace starling::net
