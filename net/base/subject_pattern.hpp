/// Subjects of foreign publishers, and patterns over them: tokens between dots, `*` for one token,
/// a last `>` for one or more. (The subjects of this system's own nodes are in cluster/subjects.)
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace starling {

/// Parsed once, then matched; immutable.
class subject_pattern {
 public:
  /// nullopt: an empty token, a control character or space, `*` or `>` inside a token, `>` before
  /// the end.
  static std::optional<subject_pattern> parse(std::string_view text);

  bool matches(std::string_view subject) const noexcept;
  /// True when some subject matches both.
  bool overlaps(const subject_pattern& other) const noexcept;
  /// A pattern that matches whatever one of the two matches: what is subscribed to in place of two
  /// that overlap, so that nothing is heard twice.
  subject_pattern merged(const subject_pattern& other) const;

  const std::string& str() const noexcept { return text_; }
  /// How many tokens its subjects have; with `open()` at least so many.
  std::size_t tokens() const noexcept { return tokens_.size(); }
  bool open() const noexcept { return tokens_.back() == ">"; }

  friend bool operator==(const subject_pattern& a, const subject_pattern& b) noexcept {
    return a.text_ == b.text_;
  }

 private:
  explicit subject_pattern(std::vector<std::string> tokens);

  std::string text_;
  std::vector<std::string> tokens_;
};

/// The `n`-th token of `subject`, counted from 1; nullopt when it has fewer.
std::optional<std::string_view> subject_token(std::string_view subject, std::size_t n) noexcept;

}  // namespace starling
