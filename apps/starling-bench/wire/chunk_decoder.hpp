/// Takes the chunked transfer encoding off a response.
#pragma once

#include <cstddef>
#include <string_view>

namespace starling::bench {

/// Takes the chunked transfer encoding off, at any split of the input.
class chunk_decoder {
 public:
  /// Calls `body(string_view)` for each stretch of content. False once the input is not chunked
  /// encoding; the connection is useless then.
  template <class Body>
  bool feed(std::string_view in, Body&& body) {
    while (!in.empty()) {
      if (left_ > 0) {
        const auto part = in.substr(0, left_);
        body(part);
        left_ -= part.size();
        in.remove_prefix(part.size());
        if (left_ == 0) expect_end_ = true;
        continue;
      }
      const char c = in.front();
      in.remove_prefix(1);
      if (!step(c)) return false;
    }
    return true;
  }
  /// The closing chunk of size 0 has arrived.
  bool finished() const noexcept { return finished_; }

 private:
  bool step(char c) noexcept {
    if (expect_end_) {  // CR LF after a chunk's content
      if (c == '\n') expect_end_ = false;
      return c == '\r' || c == '\n';
    }
    if (c == '\n') {
      if (finished_) return true;
      if (!has_digit_) return false;
      left_ = size_;
      finished_ = size_ == 0;
      size_ = 0;
      has_digit_ = in_extension_ = false;
      return true;
    }
    if (c == '\r' || in_extension_ || finished_) return true;
    if (c == ';') return in_extension_ = true;
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0 || size_ >> 40) return false;
    size_ = size_ * 16 + static_cast<std::size_t>(digit);
    return has_digit_ = true;
  }

  std::size_t left_ = 0;  // content bytes of the current chunk still to come
  std::size_t size_ = 0;
  bool has_digit_ = false;
  bool in_extension_ = false;
  bool expect_end_ = false;
  bool finished_ = false;
};

}  // namespace starling::bench
