#include "net/stream/outbox.hpp"

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

std::size_t outbox::items() const noexcept {
  if (!front_) return 0;
  auto front = front_.items();
  if (written_ > 0) {
    const auto all = bytes_of(front_).size();
    front = (front * (all - written_) + all - 1) / all;
  }
  return front + (rest_ ? rest_->items : 0);
}

std::size_t outbox::bytes() const noexcept {
  return front_ ? bytes_of(front_).size() - written_ + (rest_ ? rest_->bytes : 0) : 0;
}

std::size_t outbox::push(frame frame) {
  const auto size = bytes_of(frame).size();
  if (size == 0) return 0;  // would never be consumed
  if (!front_)
    front_ = std::move(frame);
  else
    push_rest(std::move(frame), size);
  return size;
}

void outbox::push_rest(frame frame, std::size_t size) {
  static constexpr std::uint32_t first_capacity = 4;
  if (!rest_) {
    rest_ = make(first_capacity);
  } else if (rest_->count == rest_->capacity) {
    auto* bigger = make(rest_->capacity * 2);
    bigger->bytes = rest_->bytes;
    bigger->items = rest_->items;
    bigger->count = rest_->count;
    for (std::uint32_t i = 0; i < rest_->count; ++i) bigger->at(i) = std::move(rest_->at(i));
    free(std::exchange(rest_, bigger));
  }
  rest_->bytes += size;
  rest_->items += frame.items();
  rest_->at(rest_->count++) = std::move(frame);
}

std::size_t outbox::gather(std::span<iovec> out) const noexcept {
  const auto count = std::min(out.size(), frames());
  for (std::size_t i = 0; i < count; ++i) {
    auto bytes = bytes_of(i == 0 ? front_ : rest_->at(i - 1));
    if (i == 0) bytes.remove_prefix(written_);
    out[i] = {const_cast<char*>(bytes.data()), bytes.size()};  // writev never writes to it
  }
  return count;
}

frame outbox::pop() noexcept {
  frame front = std::move(front_);
  written_ = 0;
  if (!rest_) return front;
  front_ = std::move(rest_->at(0));
  rest_->bytes -= bytes_of(front_).size();
  rest_->items -= front_.items();
  rest_->head = (rest_->head + 1) & (rest_->capacity - 1);
  if (--rest_->count == 0) free(std::exchange(rest_, nullptr));
  return front;
}

outbox::dropped outbox::drop_events(std::size_t begun) {
  dropped out;
  const auto all = frames();
  if (written_ > 0) begun = std::max<std::size_t>(begun, 1);
  auto kept = std::min(begun, all);
  for (std::size_t i = kept; i < all; ++i) {
    frame one = std::move(at(i));
    if (!one.is_event()) {
      at(kept++) = std::move(one);
      continue;
    }
    out.events += one.items();
    out.bytes += bytes_of(one).size();
  }
  keep(kept);
  return out;
}

/// The first `frames` stay; the others have been moved out of their places.
void outbox::keep(std::size_t frames) noexcept {
  if (!rest_) return;
  if (frames <= 1) return free(std::exchange(rest_, nullptr));
  rest_->count = static_cast<std::uint32_t>(frames - 1);
  rest_->bytes = rest_->items = 0;
  for (std::size_t i = 0; i < rest_->count; ++i) {
    rest_->bytes += bytes_of(rest_->at(i)).size();
    rest_->items += rest_->at(i).items();
  }
}

void outbox::clear() noexcept {
  front_ = {};
  written_ = 0;
  if (rest_) free(std::exchange(rest_, nullptr));
}

}  // namespace starling::net
