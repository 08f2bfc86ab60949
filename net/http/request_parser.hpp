/// Bytes to http_request, by Beast's parser, without its container of headers.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <optional>

#include "net/base/result.hpp"
#include "net/http/http_request.hpp"

namespace starling::net {

/// Parses one request into a given http_request; made anew for each. Allocates nothing itself.
///
/// Refuses (400) what two parsers on the way could read differently: Content-Length together with
/// Transfer-Encoding, transfer codings other than a plain `chunked`, repeated single headers.
class request_parser : public boost::beast::http::basic_parser<true> {
 public:
  request_parser(http_request& out, std::size_t max_header_bytes, std::size_t max_body_bytes);

  /// Consumes a part of `bytes`; the caller keeps the rest and offers it again with more. Stops
  /// after the header and at the end of the request. `used` of 0 without error: more is needed.
  result<std::size_t> feed(std::string_view bytes);

 private:
  using string_view = boost::beast::string_view;
  using error_code = boost::beast::error_code;

  void on_request_impl(boost::beast::http::verb method, string_view method_text, string_view target,
                       int version, error_code& ec) override;
  void on_response_impl(int code, string_view reason, int version, error_code& ec) override;
  void on_field_impl(boost::beast::http::field name, string_view name_text, string_view value,
                     error_code& ec) override;
  void on_header_impl(error_code& ec) override;
  void on_body_init_impl(boost::optional<std::uint64_t> const& length, error_code& ec) override;
  std::size_t on_body_impl(string_view body, error_code& ec) override;
  void on_chunk_header_impl(std::uint64_t size, string_view extensions, error_code& ec) override;
  std::size_t on_chunk_body_impl(std::uint64_t remain, string_view body, error_code& ec) override;
  void on_finish_impl(error_code& ec) override;

  http_request& out_;
  std::size_t header_left_;
  std::uint64_t chunk_left_ = 0;  // of the chunk being read
  bool in_trailer_ = false;
  bool transfer_encoding_ = false;
  const char* complaint_ = nullptr;  // says more than the error code
};

}  // namespace starling::net
