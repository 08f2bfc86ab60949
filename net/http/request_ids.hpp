/// What ties a request to what others log about it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace starling::net {

/// 1 to 128 bytes of `[A-Za-z0-9._-]`.
bool valid_request_id(std::string_view text) noexcept;

/// Both are set for every answered request. A connection uses the strings again.
struct request_ids {
  std::string request_id;
  std::string traceparent;

  /// As given, where that is valid; else made.
  void set(std::optional<std::string_view> given_id, std::optional<std::string_view> given_trace);
  /// Not for an answer yet.
  void clear() noexcept;
  bool empty() const noexcept { return request_id.empty(); }
  /// The part of `traceparent` that all hops share.
  std::string_view trace_id() const noexcept;
};

/// The header lines `X-Request-Id` and `traceparent`.
void append_ids(std::string& out, const request_ids& ids);

}  // namespace starling::net
