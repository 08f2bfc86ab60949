#include "tests/bench/allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::uint64_t> count{0};

void* counted(void* block) {
  if (!block) throw std::bad_alloc();
  count.fetch_add(1, std::memory_order_relaxed);
  return block;
}

/// Never zero, and a multiple of the alignment as aligned_alloc wants it.
std::size_t rounded(std::size_t size, std::size_t to) { return (size + to) / to * to; }

}  // namespace

namespace starling::bench {

std::uint64_t allocations() noexcept { return count.load(std::memory_order_relaxed); }

}  // namespace starling::bench

// The array forms of the standard library call these.
void* operator new(std::size_t size) { return counted(std::malloc(size > 0 ? size : 1)); }
void* operator new(std::size_t size, std::align_val_t align) {
  const auto to = static_cast<std::size_t>(align);
  return counted(std::aligned_alloc(to, rounded(size, to)));
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }
