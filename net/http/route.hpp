/// One row of the table of paths: who may ask what, how much, and who answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/base/result.hpp"

namespace starling::net {

class http_session;
struct http_request;

enum class http_method : std::uint8_t {
  get,
  head,
  post,
  put,
  del,
  options,
  other
};

/// What a request must prove before its body is read.
enum class access : std::uint8_t {
  none,        ///< nothing, from whatever origin
  body_token,  ///< a token that may stand in the body: its handler asks for it
  token,
  admin,      ///< of its tenant
  operator_,  ///< over all tenants and the nodes themselves
};

enum class error_style : std::uint8_t {
  json,   ///< `{"error":{"code":..,"message":..}}`
  plain,  ///< `{"error":"text"}`
};

/// As much body as `http_options::max_body_bytes` lets through.
inline constexpr std::size_t largest_body = ~std::size_t{0};

/// Answers a request that was admitted and is complete, now or later, on its loop's thread.
using route_handler = std::function<void(std::shared_ptr<http_session>)>;

struct route {
  http_method method = http_method::get;  ///< HEAD is answered where GET is
  /// `/api/rooms/{room}/members/{user}`: a parameter takes one segment. `{room}` and `{user}` must
  /// be such names (400), any other is free text. The first and the last are kept (route_match).
  std::string path;
  access needs = access::none;
  route_handler run;
  std::size_t max_body = 0;  ///< bytes; 413 beyond
  /// Names of the query parameters it takes, separated by spaces, besides those that carry the
  /// token; others are 400. None: whatever there is.
  std::optional<std::string_view> query = std::nullopt;
  /// Looks at the header before the token is, which may be what is amiss. Its error is the answer.
  result<void> (*precheck)(const http_request&) = nullptr;
  error_style errors = error_style::json;
  bool admin_listener_only = false;
  /// It publishes: what is refused there counts in starling_publish_errors_total.
  bool publishes = false;
};

}  // namespace starling::net
