/// A strict JSON reader that keeps values as they were written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace starling::net {

enum class json_kind : std::uint8_t {
  object,
  array,
  string,
  number,
  boolean,
  null,
  none,  ///< no value starts here
};

/// Walks over one JSON text (RFC 8259: UTF-8, no lone surrogates, numbers within a double's range,
/// at most `max_depth` levels). A payload is copied through without its white space and never
/// becomes a tree, so numbers and key order survive exactly. `text` must outlive the reader.
///
/// After the first fault every call answers false and `failure()` says what was wrong and where.
class json_reader {
 public:
  static constexpr int max_depth = 64;

  explicit json_reader(std::string_view text) noexcept;

  /// Kind of the next value.
  json_kind peek() noexcept;
  /// Steps into the object or array that is next.
  bool enter() noexcept;
  /// Inside an object: the next name; the value is then to be read or skipped. False at the end
  /// (the reader is behind the object) or on a fault.
  bool next_member(std::string& name);
  /// Inside an array: true when another element is next.
  bool next_element() noexcept;

  bool read_string(std::string& out);
  bool read_boolean(bool& out) noexcept;
  /// Appends the next value, whatever it is, without white space.
  bool read_compact(std::string& out) { return value(&out, depth_); }
  bool skip() { return value(nullptr, depth_); }
  /// True when nothing but white space is left.
  bool finish() noexcept;

  bool failed() const noexcept { return fault_ != nullptr; }
  /// "malformed JSON at byte 17: a comma or } must follow".
  std::string failure() const;

 private:
  bool fail(const char* problem) noexcept;
  void skip_space() noexcept;
  char current() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) noexcept;
  bool leave() noexcept;
  bool separator(char end, const char* problem, bool& more) noexcept;
  bool value(std::string* out, int depth);
  bool members(std::string* out, int depth, char end);
  bool literal(std::string_view word, std::string* out);
  bool number(std::string* out);
  bool string_token(std::string* decoded, std::string* raw);
  bool escape(std::string* decoded);
  bool hex4(unsigned& out) noexcept;

  std::string_view text_;
  std::size_t at_ = 0;
  const char* fault_ = nullptr;
  int depth_ = 0;
  bool fresh_ = false;  ///< just entered: no comma yet
};

}  // namespace starling::net
