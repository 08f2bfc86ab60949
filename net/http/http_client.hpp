/// A small HTTP/1.1 client for the CLI and for sources of memberships: one connection per request,
/// blocking, with deadlines.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/base/result.hpp"
#include "net/http/url.hpp"

namespace starling::net {

using http_headers = std::vector<std::pair<std::string, std::string>>;

struct http_reply {
  int status = 0;
  std::string body;
  http_headers headers;

  /// Ignores case; nullptr when absent.
  const std::string* header(std::string_view name) const noexcept;
};

struct http_client_options {
  std::chrono::milliseconds connect_timeout{3000};  ///< name, TCP and TLS together
  std::chrono::milliseconds request_timeout{10000};
  std::size_t max_body_bytes = 64 * 1024 * 1024;
  std::string ca_file = {};    ///< PEM, besides the system's; https only
  std::string cert_file = {};  ///< PEM, of this client, for servers that demand one; https only
  std::string key_file = {};   ///< PEM, its private key; empty = in cert_file
  bool verify_certificate = true;
};

/// One thread at a time. Errors: errc::malformed for a URL that is none, or a file of
/// http_client_options that cannot be used (the message names it); errc::unavailable when
/// the server cannot be reached, breaks off, or is silent for too long; the message names the URL.
/// Every status is a reply, not an error.
class http_client {
 public:
  /// What takes the body of a stream, in pieces; called with nothing once a second while nothing
  /// comes. False ends the stream.
  using on_bytes = std::function<bool(std::string_view)>;

  /// url: `http://` or `https://`, host, optional port and path prefix.
  explicit http_client(std::string url, http_client_options options = {});

  /// method: "GET", ... target: path and query, starting with `/`. A body is sent as it is, with
  /// Content-Length; say its Content-Type in `headers`.
  result<http_reply> request(std::string_view method, std::string_view target,
                             std::string_view body = {}, const http_headers& headers = {});

  /// GET whose 200 answer does not end (Server-Sent Events): hands its body to `take` until that
  /// returns false (the reply has no body) or the server ends it. Another status is returned with
  /// its body.
  result<http_reply> stream(std::string_view target, const http_headers& headers,
                            const on_bytes& take);

 private:
  struct call;
  result<http_reply> perform(const call& call);

  const std::string url_;
  const http_client_options options_;
  const std::optional<http_url> parsed_;
};

}  // namespace starling::net
