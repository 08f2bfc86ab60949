#include "net/wire/member_codec.hpp"

#include <algorithm>
#include <cctype>

#include "net/base/ids.hpp"

namespace starling::net {

namespace {

constexpr std::string_view white = " \t\r\n";

bool blank(std::string_view text) noexcept { return text.find_first_not_of(white) == text.npos; }

error fault(std::string message) { return {errc::malformed, std::move(message)}; }

/// A name in JSON: a string, or a whole number, which is taken as its text. False on a fault.
bool read_name(json_reader& in, std::string& out) {
  out.clear();
  if (in.peek() == json_kind::string) return in.read_string(out);
  if (in.peek() != json_kind::number || !in.read_compact(out)) return false;
  return std::ranges::all_of(out, [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::string bad_user() { return "user must be " + std::string(user_rule); }
std::string bad_room() { return "room must be " + std::string(room_rule); }
constexpr const char* line_rule =
    "a line must be an object {\"room\":..,\"user\":..,\"member\":true|false}";

}  // namespace

result<member_line> parse_member_line(std::string_view line) {
  json_reader in(line);
  if (in.peek() != json_kind::object) return fault(in.failed() ? in.failure() : line_rule);
  member_line out;
  bool decided = false;
  std::string name;
  in.enter();
  while (in.next_member(name)) {
    if (name == "room") {
      if (!read_name(in, out.room)) return fault(in.failed() ? in.failure() : bad_room());
    } else if (name == "user") {
      if (!read_name(in, out.user)) return fault(in.failed() ? in.failure() : bad_user());
    } else if (name == "member") {
      decided = in.peek() == json_kind::boolean && in.read_boolean(out.member);
      if (!decided) return fault(in.failed() ? in.failure() : "member must be true or false");
    } else {
      in.skip();
    }
  }
  if (in.failed() || !in.finish()) return fault(in.failure());
  if (out.room.empty()) return fault("room is missing");
  if (out.user.empty()) return fault("user is missing");
  if (!decided) return fault("member is missing: it must be true or false");
  if (!valid_room(out.room)) return fault(bad_room());
  if (!valid_user(out.user)) return fault(bad_user());
  return out;
}

bool text_lines::next(std::string_view& line) noexcept {
  while (!rest_.empty()) {
    const auto end = std::min(rest_.find('\n'), rest_.size());
    line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    ++number_;
    if (!blank(line)) return true;
  }
  return false;
}

user_list_reader::user_list_reader(std::string_view text)
    : lines_(text),
      array_(text),
      is_array_(
          text.substr(std::min(text.find_first_not_of(white), text.size())).starts_with('[')) {}

result<bool> user_list_reader::next(std::string& name) {
  if (is_array_) return next_of_array(name);
  std::string_view line;
  if (!lines_.next(line)) return false;
  json_reader in(line);
  const auto at = "line " + std::to_string(lines_.number()) + ": ";
  if (!read_name(in, name) || !in.finish())
    return fault(at + (in.failed() ? in.failure() : "expected a user's name in quotes"));
  if (!valid_user(name)) return fault(at + bad_user());
  return true;
}

result<bool> user_list_reader::next_of_array(std::string& name) {
  if (!std::exchange(entered_, true)) array_.enter();
  if (!array_.next_element()) {
    if (array_.failed() || !array_.finish()) return fault(array_.failure());
    return false;
  }
  const auto at = "element " + std::to_string(++elements_) + ": ";
  if (!read_name(array_, name))
    return fault(at + (array_.failed() ? array_.failure() : "expected a user's name in quotes"));
  if (!valid_user(name)) return fault(at + bad_user());
  return true;
}

}  // namespace starling::net
