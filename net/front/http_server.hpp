/// The HTTP front: listeners, connections, routes. Knows nothing of actors; asks a `service`.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/auth/key_set.hpp"
#include "net/auth/token.hpp"
#include "net/http/cors.hpp"
#include "net/http/route.hpp"
#include "net/http/trusted_proxies.hpp"
#include "net/io/io_loop.hpp"
#include "net/io/proxy_protocol.hpp"
#include "net/io/tls_context.hpp"
#include "net/service.hpp"
#include "net/wire/codec.hpp"
#include "net/wire/stream_formats.hpp"

namespace starling::net {

/// What may change while running; connections read the current one per request.
struct http_settings {
  std::shared_ptr<const key_set> keys;
  token_rules rules;
  cors_policy cors;
  publish_limits limits;
  double connect_rate = 0;                  ///< new streams per second and source address; 0: off
  double publish_rate = 0;                  ///< publishes per second and token; 0: off
  std::size_t connections_per_address = 0;  ///< to the public listener; 0: off
  trusted_proxies proxies;                  ///< who may say for whom they speak
  std::chrono::milliseconds retry{2000};
  std::size_t ws_max_message_bytes = 65536;
  stream_formats formats;
};

struct http_options {
  std::string public_address;  ///< HOST:PORT, port 0 picks one
  std::string admin_address;
  tls_files public_tls;  ///< TLS when files are named, else plain HTTP
  tls_files admin_tls;
  proxy_protocol proxied = proxy_protocol::off;
  std::chrono::seconds request_deadline{10};  ///< header and body must arrive (408)
  std::chrono::seconds keep_alive_timeout{75};
  std::size_t max_header_bytes = 16 * 1024;  ///< 431
  /// TLS handshakes under way on one loop; one more ends the oldest of them.
  std::size_t max_handshakes = 1024;
  std::size_t max_body_bytes = 8 * 1024 * 1024;
  std::vector<double> loop_shares{};  ///< of connections, one per loop (see placement); empty: even
};

/// A file served as it is (pages, the JS client).
struct static_asset {
  std::string path;  ///< "/" or "/starling.js"
  std::string content_type;
  std::string_view content;  ///< lives as long as the program
  bool admin_only = false;
  /// `content` in that coding, for who accepts it; as long-lived. Empty: there is none.
  std::string_view gzipped{};
};

class http_server {
 public:
  /// Binds. Throws std::runtime_error with the address, or the TLS file, and the reason when that
  /// fails.
  /// Rows: the front's own, `node.routes()`, the assets, and those of dialects.
  http_server(std::vector<io_loop*> loops, service& node, http_options options,
              std::shared_ptr<const http_settings> settings, std::vector<static_asset> assets,
              std::vector<route> dialects);
  ~http_server();

  void start();
  /// No new connections on either listener; running requests end. Any thread, before loops stop.
  void stop();
  /// Swaps what may change. Any thread.
  void update(std::shared_ptr<const http_settings> settings);

  /// Reads certificate and key again, for connections accepted from now on; those that are open
  /// keep theirs. Any thread. Errors as check_tls_key: the certificate in use stays.
  result<void> reload_certificate();

  std::string public_address() const;  ///< as bound, HOST:PORT
  std::string admin_address() const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace starling::net
