/// What is answered, and how its head is written.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "net/base/result.hpp"
#include "net/http/cors.hpp"
#include "net/http/request_ids.hpp"

namespace starling::net {

struct http_response {
  int status = 200;
  std::string_view content_type = "application/json";  ///< ignored without a body
  std::string body;
  std::string_view fixed_body;  ///< instead of `body`: bytes that live as long as the program
  std::string headers;          ///< further lines, each ending in CRLF
  bool length_known = true;     ///< false: to HEAD, where the body of GET was not made

  std::string_view content() const noexcept {
    return fixed_body.empty() ? std::string_view(body) : fixed_body;
  }
};

/// What a browser must not do with a page or an answer: run scripts that are not ours, show it in a
/// frame, take it for another type than it says. policy: Content-Security-Policy.
void append_page_guards(std::string& headers, std::string_view policy);

std::string_view reason_phrase(int status) noexcept;

/// Appends `status line, Content-*, Connection, CORS, ids, further headers, empty line` to `out`.
void append_head(std::string& out, const http_response& response, const cors_decision& cors,
                 const request_ids& ids, bool http11, bool keep_alive);
/// The CORS lines of any answer.
void append_cors(std::string& out, const cors_decision& cors);

/// `{error:{code,message}}` with the status of its code; 401 says WWW-Authenticate, 405 is given
/// its Allow by the caller. plain: `{"error":"message"}`.
http_response error_response(const error& why, bool plain);
/// Retry-After in an answer that was written already: its line follows the status line.
void insert_retry_after(std::string& answer, std::chrono::milliseconds after);
/// 429 and 503 with Retry-After.
http_response retry_response(const error& why, std::chrono::milliseconds after, bool plain);
/// The line Retry-After, in whole seconds, at least 1.
void add_retry_after(http_response& to, std::chrono::milliseconds after);
/// The error a status stands for, for the counters; `internal` for unknown ones.
errc errc_of_status(int status) noexcept;

/// Answer to an OPTIONS request.
http_response preflight_response();

}  // namespace starling::net
