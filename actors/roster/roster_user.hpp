/// A user of the roster with the rooms they are in.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string_view>

namespace starling::actors {

/// One allocation with the name behind it. Of one room the entry stands in it, of several in an
/// array of their own. Never moves: rooms point at it. `Entry` is trivially copyable.
template <class Entry>
class roster_user {
 public:
  struct deleter {
    void operator()(roster_user* user) const noexcept { user->destroy(); }
  };
  using pointer = std::unique_ptr<roster_user, deleter>;

  /// `name`: at most 65,535 bytes.
  static pointer make(std::string_view name) {
    auto* const bytes = static_cast<char*>(::operator new(bytes_for(name.size())));
    pointer out(new (bytes) roster_user(static_cast<std::uint16_t>(name.size())));
    name.copy(bytes + name_at, name.size());
    return out;
  }

  std::string_view name() const noexcept {
    return {reinterpret_cast<const char*>(this) + name_at, name_size_};
  }
  std::span<Entry> rooms() noexcept { return {count_ > 1 ? many_ : &one_, count_}; }
  std::span<const Entry> rooms() const noexcept { return {count_ > 1 ? many_ : &one_, count_}; }

  /// Before the entry at `place`.
  void insert(std::size_t place, const Entry& entry) {
    const auto from = rooms();
    auto* const to = room_for(count_ + 1);
    const auto behind = from.size() - place;
    std::copy_backward(from.data() + place, from.data() + from.size(), to + place + behind + 1);
    if (to != from.data()) std::copy_n(from.data(), place, to);
    to[place] = entry;
    take(to, count_ + 1);
  }
  void erase(std::size_t place) {
    const auto from = rooms();
    auto* const to = room_for(count_ - 1);
    if (to != from.data()) std::copy_n(from.data(), place, to);
    std::copy(from.data() + place + 1, from.data() + from.size(), to + place);
    take(to, count_ - 1);
  }

 private:
  explicit roster_user(std::uint16_t name_size) noexcept : one_{}, name_size_(name_size) {}
  ~roster_user() = default;
  void destroy() noexcept {
    if (count_ > 1) delete[] many_;
    this->~roster_user();
    ::operator delete(static_cast<void*>(this));
  }

  /// 1, 2, 3, 4, 6, 8, 12, 16, 24 ...
  static std::uint32_t capacity(std::uint32_t count) noexcept {
    std::uint32_t power = 1;
    while (power < count) power *= 2;
    return power >= 4 && power / 4 * 3 >= count ? power / 4 * 3 : power;
  }
  /// Where `count` entries go: where they are, or an array that take() takes. One entry that was
  /// in an array goes into an array, too, and take() brings it home.
  Entry* room_for(std::uint32_t count) {
    if (count <= 1) return count_ > 1 ? many_ : &one_;
    if (count_ > 1 && capacity(count) == capacity(count_)) return many_;
    return new Entry[capacity(count)];
  }
  void take(Entry* entries, std::uint32_t count) noexcept {
    auto* const old = count_ > 1 ? many_ : nullptr;
    count_ = count;
    if (count <= 1) {
      if (old) {
        const auto last = old[0];
        delete[] old;
        one_ = last;
      }
      return;
    }
    if (old != entries) delete[] old;
    many_ = entries;
  }

  /// The name begins where the last member ends.
  static std::size_t bytes_for(std::size_t name) noexcept {
    return std::max(sizeof(roster_user), name_at + name);
  }
  static constexpr std::size_t name_at =
      sizeof(Entry) + sizeof(std::uint32_t) + sizeof(std::uint16_t);

  union {
    Entry one_;
    Entry* many_;
  };
  std::uint32_t count_ = 0;
  std::uint16_t name_size_;
};

}  // namespace starling::actors
