/// One structured line per fact. The sink is set by the program; without one nothing is written.
#pragma once

#include <array>
#include <atomic>
#include <charconv>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace starling::log {

enum class level : std::uint8_t {
  trace,
  debug,
  info,
  warn,
  error,
  off
};

/// One `key=value` of a line, made where the line is and read before it ends: it views what it was
/// given. Values are text; never tokens, never bodies.
struct field {
  std::string_view key;
  std::string_view value;

  field(std::string_view k, std::string_view v) : key(k), value(v) {}
  field(std::string_view k, const std::string& v) : key(k), value(v) {}
  field(std::string_view k, const char* v) : key(k), value(v) {}
  field(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}
  template <class Number>
  requires std::is_arithmetic_v<Number> field(std::string_view k, Number v) : key(k) {
    value = {digits_.data(), std::to_chars(digits_.data(), digits_.data() + digits_.size(), v).ptr};
  }
  field(const field&) = delete;
  field& operator=(const field&) = delete;

 private:
  std::array<char, 32> digits_;
};

using fields = std::initializer_list<field>;
using sink = std::function<void(level, std::string_view message, fields)>;

/// Call once before threads start. The sink must be callable from any thread.
void set_sink(sink out);
/// Lines below `least` are dropped before their sink is called. Any thread.
void set_level(level least) noexcept;
level current_level() noexcept;

void write(level at, std::string_view message, fields about = {});

inline void debug(std::string_view m, fields f = {}) { write(level::debug, m, f); }
inline void info(std::string_view m, fields f = {}) { write(level::info, m, f); }
inline void warn(std::string_view m, fields f = {}) { write(level::warn, m, f); }
inline void error(std::string_view m, fields f = {}) { write(level::error, m, f); }

}  // namespace starling::log
