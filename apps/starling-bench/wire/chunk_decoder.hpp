/// Incremental readers for what an SSE response is made of: chunks, and the events inside.
#pragma once

#include "apps/starling-bench/wire/stamp.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

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

/// Reads events out of SSE content, at any split of the input, without copying whole lines.
///
/// `Sink` gets `on_stamp(stamp)` for an event that carries one, else `on_event(name, data)`.
class sse_parser {
 public:
  template <class Sink>
  void feed(std::string_view in, Sink& sink) {
    if (!carry_.empty()) {
      const auto end = in.find('\n');
      carry_.append(in.substr(0, end));
      if (end == std::string_view::npos) return;
      in.remove_prefix(end + 1);
      const std::string line = std::move(carry_);
      carry_.clear();
      take_line(line, sink);
    }
    while (!in.empty()) {
      const auto* end = static_cast<const char*>(std::memchr(in.data(), '\n', in.size()));
      if (!end) {
        carry_.assign(in);
        return;
      }
      const auto length = static_cast<std::size_t>(end - in.data());
      take_line(in.substr(0, length), sink);
      in.remove_prefix(length + 1);
    }
  }

  /// The newest `id:` of a complete event.
  const std::string& last_id() const noexcept { return last_id_; }

 private:
  template <class Sink>
  void take_line(std::string_view line, Sink& sink) {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) return dispatch(sink);
    if (const auto data = value_of(line, "data:"); data.data()) {
      if (const auto found = find_stamp(data)) {
        stamp_ = *found;
        stamped_ = true;
      } else {
        text_.append(has_text_ ? "\n" : "").append(data);
        has_text_ = true;
      }
    } else if (const auto id = value_of(line, "id:"); id.data()) {
      id_.assign(id);
    } else if (const auto name = value_of(line, "event:"); name.data()) {
      name_.assign(name);
    }
  }

  template <class Sink>
  void dispatch(Sink& sink) {
    if (!id_.empty()) last_id_.swap(id_);
    if (stamped_) {
      sink.on_stamp(stamp_);
    } else if (has_text_) {
      sink.on_event(std::string_view(name_), std::string_view(text_));
    }
    id_.clear();
    name_.clear();
    text_.clear();
    stamped_ = has_text_ = false;
  }

  /// The field's value, or a view of null when the line is another field.
  static std::string_view value_of(std::string_view line, std::string_view field) noexcept {
    if (!line.starts_with(field)) return {};
    line.remove_prefix(field.size());
    if (line.starts_with(' ')) line.remove_prefix(1);
    return line;
  }

  std::string carry_;  // a line cut by the end of the input
  std::string id_, last_id_, name_, text_;
  stamp stamp_;
  bool stamped_ = false;
  bool has_text_ = false;
};

}  // namespace starling::bench
