#include "net/http/request_parser.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <utility>

#include "net/base/limits.hpp"

namespace starling::net {

namespace http = boost::beast::http;

namespace {

// The end of a chunked body. Beast asserts that it is not asked again with less once it has seen
// the beginning of it.
constexpr std::size_t last_chunk_bytes = 5;
// What a Content-Length promises is believed up to here; the rest is reserved as it arrives.
constexpr std::uint64_t trusted_length = 64 * 1024;
// All chunk extensions of a request together; nobody here reads them.
constexpr std::size_t max_extension_bytes = 4 * 1024;

/// A line that goes on in the next (RFC 9112 section 5.2): what one parser joins, another takes for
/// a field of its own.
bool has_fold(std::string_view lines) noexcept {
  for (auto at = lines.find('\n'); at != lines.npos; at = lines.find('\n', at + 1))
    if (at + 1 < lines.size() && (lines[at + 1] == ' ' || lines[at + 1] == '\t')) return true;
  return false;
}

http_method method_of(http::verb verb) noexcept {
  switch (verb) {
    case http::verb::get: return http_method::get;
    case http::verb::head: return http_method::head;
    case http::verb::post: return http_method::post;
    case http::verb::put: return http_method::put;
    case http::verb::delete_: return http_method::del;
    case http::verb::options: return http_method::options;
    default: return http_method::other;
  }
}

std::optional<header> kept(http::field name, std::string_view text) noexcept {
  switch (name) {
    case http::field::host: return header::host;
    case http::field::authorization: return header::authorization;
    case http::field::accept: return header::accept;
    case http::field::accept_encoding: return header::accept_encoding;
    case http::field::origin: return header::origin;
    case http::field::cookie: return header::cookie;
    case http::field::content_type: return header::content_type;
    case http::field::if_none_match: return header::if_none_match;
    case http::field::upgrade: return header::upgrade;
    case http::field::connection: return header::connection;
    case http::field::sec_websocket_key: return header::ws_key;
    case http::field::sec_websocket_version: return header::ws_version;
    case http::field::sec_websocket_protocol: return header::ws_protocol;
    case http::field::referer: return header::referer;
    case http::field::forwarded: return header::forwarded;
    case http::field::access_control_request_method: return header::preflight_method;
    default: break;
  }
  if (iequals(text, "last-event-id")) return header::last_event_id;
  if (iequals(text, "idempotency-key")) return header::idempotency_key;
  if (iequals(text, "sec-fetch-site")) return header::fetch_site;
  if (iequals(text, "x-api-key")) return header::api_key;
  if (iequals(text, "x-goog-api-key")) return header::google_api_key;
  if (iequals(text, "x-forwarded-for")) return header::forwarded_for;
  if (iequals(text, "x-request-id")) return header::request_id;
  if (iequals(text, "traceparent")) return header::traceparent;
  return std::nullopt;
}

/// Those that may be repeated, and what joins them.
std::string_view joint(header which) noexcept {
  switch (which) {
    case header::cookie: return "; ";
    case header::accept:
    case header::accept_encoding:
    case header::if_none_match:
    case header::upgrade:
    case header::connection:
    case header::ws_protocol:
    case header::forwarded_for:
    case header::forwarded: return ", ";
    // Two of them are none: joined, they are not valid.
    case header::request_id:
    case header::traceparent: return ", ";
    default: return "";
  }
}

/// `http://host/path` (RFC 9112 section 3.2.2) to `/path`.
std::string_view origin_form(std::string_view target) noexcept {
  target = target.substr(0, target.find('#'));
  if (target.starts_with('/')) return target;
  const auto scheme = target.find("://");
  if (scheme == target.npos) return target;
  const auto path = target.find_first_of("/?", scheme + 3);
  return path == target.npos ? "/" : target.substr(path);
}

}  // namespace

request_parser::request_parser(http_request& out, std::size_t max_header_bytes,
                               std::size_t max_body_bytes)
    : out_(out), header_left_(max_header_bytes) {
  out_.clear();
  header_limit(static_cast<std::uint32_t>(max_header_bytes));
  body_limit(max_body_bytes);
  eager(false);
}

result<std::size_t> request_parser::feed(std::string_view bytes) {
  error_code ec;
  const bool in_header = !is_header_done();
  if (!in_header && chunked() && chunk_left_ == 0 && bytes.size() < last_chunk_bytes)
    return std::size_t{0};
  const auto used = put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
  // Beast's limit is for what it has not consumed, which with short lines is never much.
  const bool too_long = in_header && used > header_left_;
  if (in_header && !too_long) header_left_ -= used;
  if (too_long || ec == http::error::header_limit)
    return error{errc::header_too_large, "the request header is larger than this node accepts"};
  if (in_header && has_fold(bytes.substr(0, used)))
    return error{errc::malformed,
                 "not a valid HTTP/1.1 request: a header line may not go on in the next"};
  if (!ec || ec == http::error::need_more) return used;
  if (ec == http::error::body_limit) {
    limit_counts::add(limit_kind::request_body);
    return error{errc::too_large, "the request body is larger than this path takes"};
  }
  return error{errc::malformed,
               "not a valid HTTP/1.1 request: " + (complaint_ ? complaint_ : ec.message())};
}

void request_parser::on_request_impl(http::verb method, string_view, string_view target,
                                     int version, error_code&) {
  out_.method = method_of(method);
  out_.http11 = version == 11;
  out_.target.assign(origin_form(target));
}

void request_parser::on_response_impl(int, string_view, int, error_code&) {}

void request_parser::on_field_impl(http::field name, string_view name_text, string_view value,
                                   error_code& ec) {
  if (in_trailer_) return;
  const auto refuse = [&](const char* why) {
    complaint_ = why;
    ec = http::error::bad_field;
  };
  if (name == http::field::transfer_encoding) {
    transfer_encoding_ = true;
    if (!iequals(trimmed(value), "chunked"))
      refuse("the only Transfer-Encoding understood here is chunked");
    return;
  }
  if (name == http::field::content_length) {
    if (std::exchange(content_length_, true) || value.find(',') != value.npos)
      refuse("Content-Length may stand only once");
    return;
  }
  if (name == http::field::expect) {
    out_.expects_continue = iequals(trimmed(value), "100-continue");
    return;
  }
  const auto which = kept(name, name_text);
  if (!which) return;
  const auto before = out_.get(*which);
  if (!before) return out_.set(*which, value);
  const auto between = joint(*which);
  if (between.empty()) return refuse("a header that may stand only once is repeated");
  out_.set(*which, std::string(*before).append(between).append(value));
}

void request_parser::on_header_impl(error_code& ec) {
  in_trailer_ = true;
  out_.keep_alive = keep_alive();
  if (out_.http11 && !out_.get(header::host)) {
    complaint_ = "the Host header is missing";
    ec = http::error::bad_field;
  } else if (!out_.http11 && transfer_encoding_) {
    complaint_ = "HTTP/1.0 has no Transfer-Encoding";
    ec = http::error::bad_field;
  }
}

void request_parser::on_body_init_impl(boost::optional<std::uint64_t> const& length, error_code&) {
  if (length) out_.body.reserve(std::min(*length, trusted_length));
}

std::size_t request_parser::on_body_impl(string_view body, error_code&) {
  out_.body.append(body.data(), body.size());
  return body.size();
}

void request_parser::on_chunk_header_impl(std::uint64_t size, string_view extensions,
                                          error_code& ec) {
  chunk_left_ = size;
  extension_bytes_ += extensions.size();
  if (extension_bytes_ <= max_extension_bytes) return;
  complaint_ = "more chunk extensions than this node reads past";
  ec = http::error::bad_chunk_extension;
}

std::size_t request_parser::on_chunk_body_impl(std::uint64_t, string_view body, error_code& ec) {
  chunk_left_ -= body.size();
  return on_body_impl(body, ec);
}

void request_parser::on_finish_impl(error_code&) {}

}  // namespace starling::net
