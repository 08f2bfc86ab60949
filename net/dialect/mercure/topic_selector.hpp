/// What a client subscribes to and what a token grants: a set of topics.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/base/result.hpp"
#include "net/dialect/mercure/topic_program.hpp"

namespace starling::net::mercure {

inline constexpr std::size_t max_topic_bytes = 1024;

/// How a selector's text is read.
enum class match_type : std::uint8_t {
  selector,     ///< 0.x: `*`, a URI template, or a topic
  exact,        ///< 1.0: `*` or a topic
  url_pattern,  ///< 1.0: `*` or a URL pattern
};
std::string_view to_string(match_type type) noexcept;

/// Immutable; copies share the pattern. Any thread.
class topic_selector {
 public:
  /// Errors: errc::malformed says what is wrong: empty, over 1,024 bytes, not UTF-8, a pattern that
  /// is none or costs too much to match. (A template that is none is just a text.)
  static result<topic_selector> make(match_type type, std::string_view text);

  bool matches(std::string_view topic) const;
  const std::string& text() const noexcept { return text_; }
  match_type type() const noexcept { return type_; }
  bool everything() const noexcept { return text_ == "*"; }
  /// It is one topic, its text.
  bool one_topic() const noexcept { return !pattern_ && !everything(); }
  /// What every topic of it begins with.
  std::string_view fixed_prefix() const noexcept {
    return everything() ? std::string_view{}
                        : std::string_view(text_).substr(0, pattern_ ? prefix_ : text_.size());
  }
  /// Steps per byte of a topic at most.
  std::size_t cost() const noexcept { return pattern_ ? pattern_->size() : 1; }

 private:
  std::string text_;
  match_type type_ = match_type::selector;
  std::shared_ptr<const topic_program> pattern_;  // none: equality
  std::size_t prefix_ = 0;                        // bytes of text_ that every topic begins with
};

/// The program of a URI template (RFC 6570), as the reference hub reads it: names are not compared,
/// `:length` is not either, an expression may be empty. nullopt when `text` is no template.
std::optional<topic_program> template_program(std::string_view text);
/// Of a URL pattern: `:name`, `*`, and groups in braces with `?`, `+` or `*` behind them. What the
/// pattern does not say of query and fragment may be anything. nullopt when it is none; regular
/// expressions in parentheses are not taken.
std::optional<topic_program> url_program(std::string_view text);

}  // namespace starling::net::mercure
