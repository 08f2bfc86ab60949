/// Server-Sent Events from bytes, by the rules of the HTML standard. For clients: CLI, benchmark.
#pragma once

#include <charconv>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace starling::net {

/// Views that live as long as the call that shows them.
struct sse_event {
  std::string_view name;  ///< "message" when the stream names none
  std::string_view data;
  std::string_view id;  ///< the last id seen, of this event or an earlier one
};

/// Bytes may be cut anywhere. What stands in one piece is not copied.
class sse_parser {
 public:
  /// Calls `on_event(const sse_event&)` for each event that is complete.
  template <class OnEvent>
  void feed(std::string_view bytes, OnEvent&& on_event) {
    if (!begun_ && !skip_mark(bytes)) return;
    while (!bytes.empty()) {
      if (std::exchange(after_cr_, false) && bytes.front() == '\n') {
        bytes.remove_prefix(1);
        continue;
      }
      const auto end = line_end(bytes);
      if (end == bytes.npos) {
        carry_.append(bytes);
        break;
      }
      auto text = bytes.substr(0, end);
      after_cr_ = bytes[end] == '\r';
      bytes.remove_prefix(end + 1);
      if (carry_.empty()) {
        line(text, on_event);
      } else {
        line_ = std::exchange(carry_, {}).append(text);
        line(line_, on_event);
        keep();  // its views are of line_
      }
    }
    keep();
  }

  /// Forgets a half-read event, keeps the id: for a new connection.
  void reset() {
    carry_.clear();
    clear_event();
    after_cr_ = begun_ = false;
    id_ = last_id_;
  }

  /// What to send as Last-Event-ID: of the last complete event. Empty before the first.
  const std::string& last_id() const noexcept { return last_id_; }
  /// The server's last `retry:`, in milliseconds.
  std::optional<int> retry_ms() const noexcept { return retry_ms_; }

 private:
  /// A byte order mark at the very beginning is none of the stream's. False: it may be cut.
  bool skip_mark(std::string_view& bytes) {
    static constexpr std::string_view mark = "\xEF\xBB\xBF";
    carry_.append(bytes);
    if (carry_.size() < mark.size() && mark.starts_with(carry_)) return false;
    begun_ = true;
    first_ = std::exchange(carry_, {});
    bytes = first_;
    if (bytes.starts_with(mark)) bytes.remove_prefix(mark.size());
    return true;
  }

  static std::size_t line_end(std::string_view bytes) noexcept {
    const auto lf = bytes.find('\n');
    const auto cr = bytes.substr(0, lf).find('\r');
    return cr != bytes.npos ? cr : lf;
  }

  template <class OnEvent>
  void line(std::string_view text, OnEvent& on_event) {
    if (text.empty()) {
      last_id_ = id_;
      if (has_data_)
        on_event(sse_event{name_.empty() ? std::string_view("message") : name_, data_, last_id_});
      clear_event();
      return;
    }
    const auto colon = text.find(':');
    const auto field = text.substr(0, colon);
    auto value = colon == text.npos ? std::string_view{} : text.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "data") {
      if (has_data_) {
        own_data_.assign(std::string(data_).append("\n").append(value));
        data_ = own_data_;
      } else {
        data_ = value;
      }
      has_data_ = true;
    } else if (field == "event") {
      name_ = value;
    } else if (field == "id") {
      if (value.find('\0') == value.npos) id_ = value;
    } else if (field == "retry") {
      int ms = 0;
      const auto* const end = value.data() + value.size();
      const auto [at, failed] = std::from_chars(value.data(), end, ms);
      if (failed == std::errc{} && at == end && ms >= 0) retry_ms_ = ms;
    }
  }

  void clear_event() noexcept {
    name_ = data_ = {};
    has_data_ = false;
  }
  /// The bytes of an event that goes on in the next piece are about to go.
  void keep() {
    if (name_.data() != own_name_.data()) name_ = own_name_.assign(name_);
    if (data_.data() != own_data_.data()) data_ = own_data_.assign(data_);
  }

  std::string carry_;                // a line cut by the end of the input
  std::string first_, line_;         // what views of this feed may point into
  std::string_view name_, data_;     // of the event under way
  std::string own_name_, own_data_;  // copies, when it is cut
  std::string id_, last_id_;
  std::optional<int> retry_ms_;
  bool has_data_ = false;
  bool after_cr_ = false;
  bool begun_ = false;
};

}  // namespace starling::net
