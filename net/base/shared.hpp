/// Text and lists that the events of one publish share: copying them copies a pointer.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace starling {

/// Immutable text, in memory once however many hold it. Any thread.
class shared_text {
 public:
  shared_text() noexcept = default;
  shared_text(std::string text)
      : text_(text.empty() ? nullptr : std::make_shared<const std::string>(std::move(text))) {}
  shared_text(const char* text) : shared_text(std::string(text)) {}

  const std::string& str() const noexcept { return text_ ? *text_ : none; }
  operator const std::string&() const noexcept { return str(); }
  operator std::string_view() const noexcept { return str(); }
  const char* data() const noexcept { return str().data(); }
  std::size_t size() const noexcept { return str().size(); }
  bool empty() const noexcept { return !text_; }
  /// Are these the same bytes in memory?
  bool shares(const shared_text& other) const noexcept { return text_ == other.text_; }

  friend bool operator==(const shared_text& a, const shared_text& b) noexcept {
    return a.str() == b.str();
  }
  template <std::convertible_to<std::string_view> Text>
  friend bool operator==(const shared_text& a, const Text& b) noexcept {
    return std::string_view(a) == std::string_view(b);
  }

 private:
  inline static const std::string none{};
  std::shared_ptr<const std::string> text_;
};

/// The beginning of an immutable list that is in memory once. Any thread.
template <class T>
class shared_list {
 public:
  shared_list() noexcept = default;
  shared_list(std::vector<T> items) : count_(items.size()) {
    if (count_ > 0) items_ = std::make_shared<const std::vector<T>>(std::move(items));
  }
  shared_list(std::initializer_list<T> items) : shared_list(std::vector<T>(items)) {}

  /// Its first `count`, which is at most its size.
  shared_list first(std::size_t count) const noexcept {
    auto out = *this;
    out.count_ = count;
    return out;
  }
  const T* begin() const noexcept { return items_ ? items_->data() : nullptr; }
  const T* end() const noexcept { return begin() + count_; }
  std::size_t size() const noexcept { return count_; }
  bool empty() const noexcept { return count_ == 0; }
  const T& operator[](std::size_t i) const noexcept { return begin()[i]; }

  friend bool operator==(const shared_list& a, const shared_list& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  std::shared_ptr<const std::vector<T>> items_;
  std::size_t count_ = 0;
};

}  // namespace starling
