/// A foreign publisher's payload: JSON that is looked into without becoming a tree.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/base/result.hpp"
#include "net/wire/json_reader.hpp"

namespace starling::net {

/// One JSON value taken out of its document. `text`: of a string what it says, of everything else
/// compact JSON as it was written. Kind `none`: there is no such value.
struct json_value {
  json_kind kind = json_kind::none;
  std::string text;

  explicit operator bool() const noexcept { return kind != json_kind::none; }
  friend bool operator==(const json_value&, const json_value&) = default;
};

/// Appends it as JSON; nothing when there is none.
void append_json(std::string& out, const json_value& value);

/// Its beginning, for people.
std::string excerpt(const json_value& value);

/// The elements of an array; of any other value itself; nothing of none.
std::vector<json_value> elements_of(const json_value& value);

/// RFC 6901, parsed once.
class json_pointer {
 public:
  /// The whole document.
  json_pointer() = default;
  /// `/a/0/b~1c`, or empty for the whole. nullopt: does not begin with `/`, or a `~` that is
  /// neither `~0` nor `~1`.
  static std::optional<json_pointer> parse(std::string_view text);

  /// Reads what it points at in the value that is next in `in` (of duplicate members the first).
  json_value find(json_reader in) const;

 private:
  std::vector<std::string> tokens_;
};

/// A whole payload, checked: JSON, well-formed UTF-8, at most json_reader::max_depth levels. The
/// text must outlive it.
class payload {
 public:
  /// Errors: too_large, malformed (says at which byte).
  static result<payload> parse(std::string_view text, std::size_t max_bytes);

  json_value find(const json_pointer& at) const { return at.find(start_); }
  /// The document as compact JSON, its member `name` left out; nothing when it is no object.
  std::optional<std::string> without(std::string_view name) const;

 private:
  explicit payload(const json_reader& start) : start_(start) {}

  json_reader start_;
};

}  // namespace starling::net
