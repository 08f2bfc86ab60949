/// Memberships that a backend tells over HTTP.
#pragma once

#include <memory>

#include "cluster/membership_source.hpp"

namespace starling::cluster {

struct http_source_options {
  std::string url;     ///< `http://` or `https://`, with or without a path
  std::string secret;  ///< signs every question
  std::size_t connections = 8;
  std::chrono::milliseconds timeout{2000};
};

/// Asks `POST {url}/rooms_of_user {"user","tenant"}` and `POST {url}/users_of_room
/// {"room","tenant"}`, each with `X-Starling-Signature: sha256=<hex of HMAC-SHA256 of the body>`.
/// Threads of its own. What is no 200 with `{"rooms":[..]}` or `{"users":[..]}` is a failure.
std::shared_ptr<membership_source> make_http_source(const http_source_options& options);

}  // namespace starling::cluster
