#include "net/mapping/transform.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>

#include "net/base/hex.hpp"
#include "net/base/time_text.hpp"

namespace starling::net {

namespace {

/// The last second of the year 9999: more is no number of seconds but, say, one of milliseconds.
constexpr double last_second = 253'402'300'799.0;

error unfit(std::string_view expected, const json_value& value) {
  return {errc::malformed,
          std::string("expects ").append(expected).append(", got ").append(excerpt(value))};
}

bool scalar(const json_value& value) noexcept {
  return value.kind == json_kind::string || value.kind == json_kind::number ||
         value.kind == json_kind::boolean;
}

/// A transform that is a function.
template <class Function>
class step final : public transform {
 public:
  step(Function apply, bool judges_null) : apply_(std::move(apply)), judges_null_(judges_null) {}
  bool judges_null() const noexcept override { return judges_null_; }
  result<json_value> apply(json_value value) const override { return apply_(std::move(value)); }

 private:
  Function apply_;
  bool judges_null_;
};

template <class Function>
transform_ptr make_step(Function apply, bool judges_null = false) {
  return std::make_shared<const step<Function>>(std::move(apply), judges_null);
}

/// Reads the parts of a time of day from the left.
class time_reader {
 public:
  explicit time_reader(std::string_view text) noexcept : rest_(text) {}

  /// Exactly `digits` digits, at most `most`; -1 otherwise, and for ever after.
  int number(std::size_t digits, int least, int most) noexcept {
    int out = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (i >= rest_.size() || rest_[i] < '0' || rest_[i] > '9') return fail();
      out = out * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return out < least || out > most ? fail() : out;
  }
  bool take(std::string_view one_of) noexcept {
    if (failed_ || rest_.empty() || one_of.find(rest_.front()) == one_of.npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(std::string_view one_of) noexcept {
    if (!take(one_of)) fail();
  }
  /// Milliseconds of a fraction of any length.
  int fraction() noexcept {
    int out = 0;
    std::size_t count = 0;
    for (; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; ++count) {
      if (count < 3) out = out * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    for (auto i = count; i < 3; ++i) out *= 10;
    return count == 0 ? fail() : out;
  }
  char front() const noexcept { return rest_.empty() ? '\0' : rest_.front(); }
  bool whole() const noexcept { return !failed_ && rest_.empty(); }

 private:
  int fail() noexcept {
    failed_ = true;
    rest_ = {};
    return -1;
  }
  std::string_view rest_;
  bool failed_ = false;
};

std::optional<std::int64_t> rfc3339_ms(std::string_view text) {
  time_reader in(text);
  const int year = in.number(4, 0, 9999);
  in.expect("-");
  const int month = in.number(2, 1, 12);
  in.expect("-");
  const int day = in.number(2, 1, 31);
  in.expect("Tt ");
  const int hour = in.number(2, 0, 23);
  in.expect(":");
  const int minute = in.number(2, 0, 59);
  in.expect(":");
  const int second = in.number(2, 0, 60);
  const int ms = in.take(".") ? in.fraction() : 0;
  int offset = 0;
  if (!in.take("Zz")) {
    const int sign = in.front() == '-' ? -1 : 1;
    in.expect("+-");
    offset = sign * 60 * in.number(2, 0, 23);
    in.expect(":");
    offset += sign * in.number(2, 0, 59);
  }
  if (!in.whole()) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const auto minutes = (days * 24 + hour) * 60 + minute - offset;
  return (minutes * 60 + second) * 1000 + ms;
}

result<json_value> to_ms(json_value value) {
  constexpr std::string_view expected = "a time as RFC 3339 or seconds since 1970";
  if (value.kind == json_kind::string) {
    const auto ms = rfc3339_ms(value.text);
    if (!ms) return unfit(expected, value);
    return json_value{json_kind::number, std::to_string(*ms)};
  }
  double seconds = 0;
  const auto* const end = value.text.data() + value.text.size();
  const auto [stop, failed] = std::from_chars(value.text.data(), end, seconds);
  if (value.kind != json_kind::number || failed != std::errc() || stop != end ||
      std::abs(seconds) > last_second)
    return unfit(expected, value);
  return json_value{json_kind::number, std::to_string(std::llround(seconds * 1000))};
}

result<json_value> to_rfc3339(json_value value) {
  auto found = to_ms(std::move(value));
  if (!found) return found;
  std::int64_t ms = 0;
  std::from_chars(found->text.data(), found->text.data() + found->text.size(), ms);
  return json_value{json_kind::string, rfc3339(ms)};
}

/// As JSON writes it: no leading zeros, and at most what 64 bits hold.
bool whole_number(std::string_view text) noexcept {
  std::int64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failed == std::errc() && end == text.data() + text.size() && std::to_string(value) == text;
}

result<json_value> to_number(json_value value) {
  if (value.kind == json_kind::string && whole_number(value.text)) value.kind = json_kind::number;
  return value;
}

result<json_value> to_text(json_value value) {
  value.kind = json_kind::string;
  return value;
}

result<json_value> with_prefix(const std::string& prefix, json_value value) {
  if (value.kind != json_kind::array) {
    if (!scalar(value)) return unfit("a text, a number or a list of these", value);
    return json_value{json_kind::string, prefix + value.text};
  }
  json_value out{json_kind::array, "["};
  for (const auto& each : elements_of(value)) {
    if (!scalar(each)) return unfit("a list of texts and numbers", value);
    if (out.text.size() > 1) out.text += ',';
    append_json(out.text, {json_kind::string, prefix + each.text});
  }
  out.text += ']';
  return out;
}

result<json_value> behind(const std::string& mark, json_value value) {
  if (value.kind != json_kind::string) return unfit("a text", value);
  if (const auto at = value.text.find(mark); at != value.text.npos)
    value.text.erase(0, at + mark.size());
  return value;
}

result<json_value> to_hash(json_value value) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : value.text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  std::string out(16, '0');
  for (std::size_t i = out.size(); i-- > 0; hash >>= 4) out[i] = hex_digits[hash & 0xF];
  return json_value{json_kind::string, std::move(out)};
}

json_value boolean(bool yes) { return {json_kind::boolean, yes ? "true" : "false"}; }

using maker = std::function<transform_ptr(std::string argument)>;
struct transform_row {
  std::string_view name;
  bool takes_argument;
  maker make;
};

const auto& rows() {
  static const std::array all{
      transform_row{"ms", false, [](const std::string&) { return make_step(to_ms, true); }},
      transform_row{"rfc3339", false, [](const std::string&) { return make_step(to_rfc3339); }},
      transform_row{"number", false, [](const std::string&) { return make_step(to_number); }},
      transform_row{"text", false, [](const std::string&) { return make_step(to_text); }},
      transform_row{"hash", false, [](const std::string&) { return make_step(to_hash); }},
      transform_row{"prefix", true,
                    [](std::string prefix) {
                      return make_step([prefix = std::move(prefix)](json_value value) {
                        return with_prefix(prefix, std::move(value));
                      });
                    }},
      transform_row{"after", true,
                    [](std::string mark) {
                      return make_step([mark = std::move(mark)](json_value value) {
                        return behind(mark, std::move(value));
                      });
                    }},
      transform_row{"is", true,
                    [](std::string text) {
                      return make_step(
                          [text = std::move(text)](json_value value) -> result<json_value> {
                            return boolean(scalar(value) && value.text == text);
                          });
                    }},
      transform_row{"not", true, [](std::string text) {
                      return make_step(
                          [text = std::move(text)](json_value value) -> result<json_value> {
                            return boolean(!scalar(value) || value.text != text);
                          });
                    }}};
  return all;
}

transform_ptr make_lookup(mapping_table table) {
  return make_step([table = std::move(table)](json_value value) -> result<json_value> {
    if (!scalar(value)) return unfit("a text or a number to look up", value);
    auto found = table.find(value.text);
    if (found == table.end()) found = table.find("*");
    if (found == table.end()) return json_value{};
    return json_value{json_kind::string, found->second};
  });
}

}  // namespace

result<transform_ptr> make_transform(std::string_view text, const mapping_tables& tables) {
  const auto colon = text.find(':');
  const auto name = text.substr(0, colon);
  const auto argument = colon == text.npos ? std::string_view() : text.substr(colon + 1);
  if (name == "map") {
    const auto table = tables.find(argument);
    if (table != tables.end()) return make_lookup(table->second);
    return error{errc::malformed, "there is no [mapping_table." + std::string(argument) + "]"};
  }
  for (const auto& row : rows()) {
    if (row.name != name) continue;
    if (row.takes_argument != (colon != text.npos))
      return error{errc::malformed,
                   "transform \"" + std::string(name) + "\" " +
                       (row.takes_argument ? "needs an argument: \"" + std::string(name) + ":TEXT\""
                                           : "takes no argument")};
    return row.make(std::string(argument));
  }
  std::string names = "map:TABLE";
  for (const auto& row : rows())
    names.append(", ").append(row.name).append(row.takes_argument ? ":TEXT" : "");
  return error{errc::malformed,
               "unknown transform \"" + std::string(name) + "\"; there are " + names};
}

}  // namespace starling::net
