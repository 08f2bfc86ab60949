/// Server-Sent Events from bytes, by the rules of the HTML standard.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace starling::ctl {

struct sse_event {
  std::string name = "message";
  std::string data;
  std::string id;  ///< the last id seen, of this event or an earlier one
};

class sse_parser {
 public:
  /// Calls `on_event` for each event that is complete. Bytes may be cut anywhere.
  void feed(std::string_view bytes, const std::function<void(const sse_event&)>& on_event);
  /// Forgets a half-read event, keeps the id: for a new connection.
  void reset();

  /// What to send as Last-Event-ID; empty before the first id.
  const std::string& last_id() const noexcept { return last_id_; }
  /// The server's last `retry:`, in milliseconds.
  std::optional<int> retry_ms() const noexcept { return retry_ms_; }

 private:
  void line(std::string_view text, const std::function<void(const sse_event&)>& on_event);

  std::string pending_;
  std::string name_;
  std::string data_;
  bool has_data_ = false;
  bool after_cr_ = false;
  std::string last_id_;
  std::optional<int> retry_ms_;
};

}  // namespace starling::ctl
