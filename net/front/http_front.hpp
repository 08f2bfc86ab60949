/// What the connections of one http_server share: all of them, and those of one loop.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <list>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "net/front/address_counts.hpp"
#include "net/front/http_server.hpp"
#include "net/front/rate_limiter.hpp"
#include "net/front/refusal_log.hpp"
#include "net/front/token_cache.hpp"
#include "net/http/router.hpp"

namespace starling::net {

class http_session;

/// Immutable but for the limiters, which lock. Outlives the http_server while connections live.
struct http_front {
  service& node;
  const http_options options;
  const router routes;
  rate_limiter connects = {};
  rate_limiter publishes = {};
  address_counts addresses = {};
};

/// One loop's part; touched on its thread only.
struct loop_front {
  io_loop& loop;
  const std::shared_ptr<http_front> shared;
  std::shared_ptr<const http_settings> settings;
  std::shared_ptr<boost::asio::ssl::context> public_tls = {};  ///< null: plain HTTP
  std::shared_ptr<boost::asio::ssl::context> admin_tls = {};
  token_cache tokens = {};
  std::unordered_set<http_session*> sessions = {};
  std::list<http_session*> handshakes = {};  ///< TLS, under way; the oldest first
  refusal_log refusals = {};
  bool stopping = false;  ///< answers close their connections
};

}  // namespace starling::net
