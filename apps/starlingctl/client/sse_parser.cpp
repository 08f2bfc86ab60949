#include "apps/starlingctl/client/sse_parser.hpp"

#include <charconv>
#include <utility>

namespace starling::ctl {

void sse_parser::feed(std::string_view bytes,
                      const std::function<void(const sse_event&)>& on_event) {
  for (const char c : bytes) {
    // A CR ends a line; the LF of a CR LF then ends an empty one, which must not count twice.
    const bool second_half = c == '\n' && after_cr_;
    after_cr_ = c == '\r';
    if (second_half) continue;
    if (c != '\n' && c != '\r') {
      pending_ += c;
      continue;
    }
    const std::string text = std::exchange(pending_, {});
    line(text, on_event);
  }
}

void sse_parser::reset() {
  pending_.clear();
  name_.clear();
  data_.clear();
  has_data_ = false;
  after_cr_ = false;
}

void sse_parser::line(std::string_view text,
                      const std::function<void(const sse_event&)>& on_event) {
  if (text.empty()) {
    if (has_data_) on_event({name_.empty() ? "message" : name_, data_, last_id_});
    name_.clear();
    data_.clear();
    has_data_ = false;
    return;
  }
  const auto colon = text.find(':');
  const std::string_view field = text.substr(0, colon);
  std::string_view value = colon == text.npos ? std::string_view{} : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "event") {
    name_ = value;
  } else if (field == "data") {
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  } else if (field == "id" && value.find('\0') == value.npos) {
    last_id_ = value;
  } else if (field == "retry") {
    int ms = 0;
    const auto end = std::from_chars(value.data(), value.data() + value.size(), ms);
    if (end.ec == std::errc{} && end.ptr == value.data() + value.size() && ms >= 0) retry_ms_ = ms;
  }
}

}  // namespace starling::ctl
