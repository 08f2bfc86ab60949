/// Bodies that change many memberships at once.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "net/base/result.hpp"
#include "net/wire/json_reader.hpp"

namespace starling::net {

/// One line of `POST /api/members`: `{"room":..,"user":..,"member":true|false}`.
struct member_line {
  std::string room;
  std::string user;
  bool member = true;
};

/// Numbers are taken as text. Errors: malformed, with what is wrong and what would be right.
result<member_line> parse_member_line(std::string_view line);

/// Lines of a text, from the first on; lines of white space alone count and are left out.
class text_lines {
 public:
  explicit text_lines(std::string_view text) noexcept : rest_(text) {}
  /// False at the end.
  bool next(std::string_view& line) noexcept;
  /// Of the line that next() gave last, from 1.
  std::size_t number() const noexcept { return number_; }

 private:
  std::string_view rest_;
  std::size_t number_ = 0;
};

/// The users of `PUT /api/rooms/{room}/members`: a JSON array of names, or a name in JSON a line.
/// Reads a piece at a time, so that a long list holds up nobody. `text` outlives the reader.
class user_list_reader {
 public:
  explicit user_list_reader(std::string_view text);

  /// Calls `take(name)` for at most `most` names. False when there are no more; errors: malformed,
  /// with the line (or the place in the array) and what is wrong.
  template <class Take>
  result<bool> read(std::size_t most, Take take) {
    std::string name;
    for (std::size_t i = 0; i < most; ++i) {
      const auto more = next(name);
      if (!more || !*more) return more;
      take(std::move(name));
    }
    return true;
  }

 private:
  result<bool> next(std::string& name);
  result<bool> next_of_array(std::string& name);

  text_lines lines_;
  json_reader array_;
  const bool is_array_;
  bool entered_ = false;
  std::size_t elements_ = 0;  ///< of the array, read so far
};

}  // namespace starling::net
