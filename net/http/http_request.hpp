/// One HTTP request, reduced to what this node looks at.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/base/ascii.hpp"
#include "net/http/route.hpp"
#include "net/http/url.hpp"

namespace starling::net {

/// The headers that are kept; all others are parsed and forgotten.
enum class header : std::uint8_t {
  host,
  authorization,
  accept,
  accept_encoding,
  origin,
  cookie,
  last_event_id,
  content_type,
  idempotency_key,
  if_none_match,
  upgrade,
  connection,
  ws_key,
  ws_version,
  ws_protocol,
  fetch_site,
  referer,
  forwarded_for,
  forwarded,
  request_id,
  traceparent,
  api_key,
  google_api_key,
  preflight_method,  ///< Access-Control-Request-Method; the last one, see header_count
};
inline constexpr std::size_t header_count = static_cast<std::size_t>(header::preflight_method) + 1;

/// Reused from request to request on a connection: strings keep their capacity.
struct http_request {
  http_method method = http_method::other;
  bool http11 = true;
  bool keep_alive = true;
  bool expects_continue = false;
  std::string target;  ///< origin form: path and query as sent
  std::string body;

  void clear();
  void set(header which, std::string_view value);
  /// nullopt when the header is absent.
  std::optional<std::string_view> get(header which) const noexcept;

  std::string_view path() const noexcept;
  /// Decoded on the first call for a request.
  const query_params& query() const;

 private:
  std::array<std::string, header_count> values_;
  std::uint32_t present_ = 0;
  mutable std::optional<query_params> query_;
};

/// The client's token: `Authorization: Bearer`, else query `access_token` or `token`, else cookie
/// `starling_token` if it counts (see cors_decision::cookie). Empty when there is none. Points into
/// `request`.
std::string_view token_of(const http_request& request, bool cookie_counts);
/// The client's API key: header `X-Api-Key`, else `x-goog-api-key`; empty when there is none, or a
/// token in `Authorization`, which goes before it. Points into `request`.
std::string_view api_key_of(const http_request& request) noexcept;

/// Value of one cookie in a Cookie header; empty when absent.
std::string_view cookie_value(std::string_view cookies, std::string_view name) noexcept;

/// Does an Accept header (absent: everything) admit `text/event-stream`? The most specific range
/// that fits decides; `q=0` refuses.
bool accepts_event_stream(std::optional<std::string_view> accept) noexcept;

/// Does an Accept-Encoding header (absent: nothing) admit `coding`? Its own name decides before
/// `*`; `q=0` refuses.
bool accepts_coding(std::optional<std::string_view> accept, std::string_view coding) noexcept;

/// Is `token` an element of a comma-separated list? Ignores case.
bool list_contains(std::string_view list, std::string_view token) noexcept;

/// Without white space at both ends.
std::string_view trimmed(std::string_view text) noexcept;

}  // namespace starling::net
