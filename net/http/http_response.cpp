#include "net/http/http_response.hpp"

#include <algorithm>
#include <array>

#include "net/wire/codec.hpp"

namespace starling::net {

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    default: return "Status";
  }
}

void append_head(std::string& out, const http_response& response, const cors_decision& cors,
                 const request_ids& ids, bool http11, bool keep_alive) {
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  out.append(reason_phrase(response.status)).append("\r\n");
  if (response.status != 204 && response.status != 304) {
    const auto size = response.content().size();
    if (size > 0 || !response.length_known)
      out.append("Content-Type: ").append(response.content_type).append("\r\n");
    if (response.length_known)
      out.append("Content-Length: ").append(std::to_string(size)).append("\r\n");
  }
  if (!keep_alive)
    out.append("Connection: close\r\n");
  else if (!http11)
    out.append("Connection: keep-alive\r\n");
  append_cors(out, cors);
  append_ids(out, ids);
  out.append(response.headers).append("\r\n");
}

void append_page_guards(std::string& headers, std::string_view policy) {
  headers.append("Content-Security-Policy: ").append(policy).append("\r\n");
  headers.append("X-Frame-Options: DENY\r\nX-Content-Type-Options: nosniff\r\n");
}

void append_cors(std::string& out, const cors_decision& cors) {
  if (!cors.allow_origin.empty()) {
    out.append("Access-Control-Allow-Origin: ").append(cors.allow_origin).append("\r\n");
    if (cors.credentials) out.append("Access-Control-Allow-Credentials: true\r\n");
    out.append(
        "Access-Control-Expose-Headers: X-Client-ID, Retry-After, X-Request-Id, traceparent\r\n");
  }
  if (cors.vary) out.append("Vary: Origin\r\n");
}

http_response error_response(const error& why, bool plain) {
  http_response out;
  out.status = info(why.code).http_status;
  out.body = plain ? "{\"error\":" + net::quoted(why.message) + "}" : error_json(why);
  if (why.code == errc::unauthorized) out.headers = "WWW-Authenticate: Bearer\r\n";
  return out;
}

http_response retry_response(const error& why, std::chrono::milliseconds after, bool plain) {
  auto out = error_response(why, plain);
  add_retry_after(out, after);
  return out;
}

namespace {
std::string retry_after(std::chrono::milliseconds after) {
  const auto seconds = std::max<std::int64_t>(1, (after.count() + 999) / 1000);
  return "Retry-After: " + std::to_string(seconds) + "\r\n";
}
}  // namespace

void add_retry_after(http_response& to, std::chrono::milliseconds after) {
  to.headers += retry_after(after);
}

void insert_retry_after(std::string& answer, std::chrono::milliseconds after) {
  answer.insert(answer.find("\r\n") + 2, retry_after(after));
}

errc errc_of_status(int status) noexcept {
  for (int i = 0; i <= static_cast<int>(errc::unavailable); ++i)
    if (const auto code = static_cast<errc>(i); info(code).http_status == status) return code;
  return errc::internal;
}

http_response preflight_response() {
  http_response out;
  out.status = 204;
  out.headers =
      "Access-Control-Allow-Methods: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n"
      "Access-Control-Allow-Headers: authorization, content-type, last-event-id, "
      "idempotency-key, cache-control, x-api-key, x-goog-api-key, x-request-id, "
      "x-workspace-id, x-requested-with, traceparent, tracestate\r\n"
      "Access-Control-Max-Age: 86400\r\n";
  return out;
}

}  // namespace starling::net
