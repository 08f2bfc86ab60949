/// `"text {/json/pointer} {2}"`: a value made from a payload and its subject.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "net/base/result.hpp"
#include "net/base/subject_pattern.hpp"
#include "net/mapping/payload.hpp"
#include "net/mapping/transform.hpp"

namespace starling::net {

/// What placeholders are filled from.
struct mapping_input {
  std::string_view subject;
  const payload& body;
  /// The element that a rule with `each` is carried out for; none otherwise.
  json_value element;
};

/// Compiled once; immutable.
///
/// `{/a/b}` is a value of the payload, `{}` the whole payload, `{2}` the second token of the
/// subject, `{@}` and `{@/a}` the element of `each` and a value in it; further pointers behind bars
/// (`{/a|/b}`) stand in when the first gives nothing, transforms change what was found. `{{` and
/// `}}` are braces. A template that is one placeholder keeps the type of its value; with text
/// around it becomes text. A placeholder that finds nothing, or null in the midst of text, makes
/// the whole give nothing.
class value_template {
 public:
  /// `subject`: tells which tokens there are. Error: malformed, says what is wrong with which
  /// placeholder.
  static result<value_template> parse(std::string_view text, const subject_pattern& subject,
                                      const mapping_tables& tables);

  /// Error: a transform does not take its value; names the placeholder.
  result<json_value> render(const mapping_input& in) const;

 private:
  /// One place to look at; the first that has something counts.
  struct source {
    std::size_t token = 0;  ///< of the subject, from 1; 0: `pointer`
    bool element = false;   ///< the pointer is into the element
    json_pointer pointer;
  };
  struct placeholder {
    std::string text;  ///< as written, without braces, for complaints
    std::vector<source> sources;
    std::vector<transform_ptr> transforms;
  };
  using part = std::variant<std::string, placeholder>;

  static result<placeholder> parse_placeholder(std::string_view text,
                                               const subject_pattern& subject,
                                               const mapping_tables& tables);
  static result<json_value> fill(const placeholder& from, const mapping_input& in);

  std::vector<part> parts_;
};

}  // namespace starling::net
