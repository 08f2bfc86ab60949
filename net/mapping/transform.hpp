/// What a placeholder may do to its value on the way: `{/ts|ms}`, `{/type|map:names}`.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "net/base/result.hpp"
#include "net/mapping/payload.hpp"

namespace starling::net {

/// name -> value, of one `[mapping_table.NAME]`. `*` stands for every value that is not named.
using mapping_table = std::map<std::string, std::string, std::less<>>;
using mapping_tables = std::map<std::string, mapping_table, std::less<>>;

/// One step. Immutable; any thread.
class transform {
 public:
  virtual ~transform() = default;
  /// What null becomes is for this step to say; others pass it on.
  virtual bool judges_null() const noexcept { return false; }
  /// `value` is never none; the answer may be. Error: the value is not what the step takes.
  virtual result<json_value> apply(json_value value) const = 0;
};
using transform_ptr = std::shared_ptr<const transform>;

/// `text` as in a placeholder behind the bar, `NAME` or `NAME:ARGUMENT`. `tables` must outlive
/// nothing: what is needed of it is copied. Error: malformed, says which names there are.
///
///   ms            RFC 3339, or seconds since 1970, as whole milliseconds since 1970; not null
///   rfc3339       the same as text, `2024-02-29T12:30:15.500Z`
///   number        a text that is a whole number as a number; everything else as it is
///   map:TABLE     what the table has for the value; none when it has nothing
///   text          the value as a string: `7` becomes `"7"`
///   prefix:TEXT   TEXT in front; of a list, in front of each
///   after:TEXT    what follows the first TEXT; the whole when it is not in there
///   hash          16 hexadecimal digits that stand for the value (FNV-1a), for ids
///   is:TEXT       true when it is that text, false otherwise
///   not:TEXT      the other way round
result<transform_ptr> make_transform(std::string_view text, const mapping_tables& tables);

}  // namespace starling::net
