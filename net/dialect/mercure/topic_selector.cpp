#include "net/dialect/mercure/topic_selector.hpp"

#include "net/base/ids.hpp"

namespace starling::net::mercure {

namespace {

/// Matching one long topic against it takes about a millisecond.
constexpr std::size_t max_steps = 2048;

}  // namespace

std::string_view to_string(match_type type) noexcept {
  switch (type) {
    case match_type::selector: return "topic";
    case match_type::exact: return "exact";
    case match_type::url_pattern: return "urlpattern";
  }
  return "topic";
}

result<topic_selector> topic_selector::make(match_type type, std::string_view text) {
  if (text.empty() || text.size() > max_topic_bytes || !valid_utf8(text))
    return malformed("a topic is 1-1,024 bytes of UTF-8");
  topic_selector out;
  out.text_ = text;
  out.type_ = type;
  if (out.everything() || type == match_type::exact) return out;
  std::optional<topic_program> program;
  if (type == match_type::url_pattern) {
    program = url_program(text);
    if (!program)
      return malformed(
          "not a URL pattern: it may hold :name, *, and groups {...} with ?, + or * behind them");
    out.prefix_ = std::min(text.find_first_of(":*{\\"), text.size());
  } else if (text.find('{') != text.npos) {
    program = template_program(text);
    out.prefix_ = text.find('{');
  }
  if (!program) return out;
  if (program->size() > max_steps) return malformed("the pattern of a topic is too complex");
  out.pattern_ = std::make_shared<const topic_program>(std::move(*program));
  return out;
}

bool topic_selector::matches(std::string_view topic) const {
  if (everything()) return true;
  const std::string_view text = text_;
  if (!pattern_) return topic == text;
  // A 0.x selector is also what it says.
  if (type_ == match_type::selector && topic == text) return true;
  return topic.starts_with(text.substr(0, prefix_)) && pattern_->matches(topic);
}

}  // namespace starling::net::mercure
