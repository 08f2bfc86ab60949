/// The configuration of a node, as plain values with their defaults.
///
/// One struct per section of the file. Names, types and documentation of the keys are in the table
/// of `config_schema.cpp`; reading a file, the environment and flags is `config_load.hpp`.
#pragma once

#include "net/base/log.hpp"
#include "net/io/proxy_protocol.hpp"
#include "net/io/tls_context.hpp"
#include "net/mapping/rule.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace starling::app {

using namespace std::chrono_literals;

/// A number of bytes; converts to `std::size_t`, is read and shown as `64KiB`.
struct byte_count {
  std::uint64_t value = 0;

  constexpr operator std::size_t() const noexcept { return value; }  // NOLINT: implicit by design
  friend bool operator==(const byte_count&, const byte_count&) = default;
};

/// Where to listen. `host` is a name or an address without brackets; port 0 picks a free one.
struct endpoint {
  std::string host;
  std::uint16_t port = 0;

  friend bool operator==(const endpoint&, const endpoint&) = default;
};

enum class session_policy : std::uint8_t {
  evict_oldest,
  reject_new
};
enum class outbox_policy : std::uint8_t {
  disconnect,
  drop_oldest
};
enum class log_format : std::uint8_t {
  text,
  json
};
/// In the order of net::algorithm.
enum class token_algorithm : std::uint8_t {
  hs256,
  eddsa,
  rs256,
  es256
};
enum class mapping_profile : std::uint8_t {
  none,
  fechatter
};

struct node_section {
  std::string id;            ///< never empty after loading
  std::uint64_t shards = 0;  ///< 0 = one per core
};

struct listen_section {
  endpoint public_{"127.0.0.1", 8080};
  endpoint admin{"127.0.0.1", 9090};
  std::vector<std::string> trusted_proxies;  ///< networks
  net::proxy_protocol proxy_protocol = net::proxy_protocol::off;
};

struct nats_section {
  std::string url;  ///< empty = the embedded memory engine
  std::string tls_ca;
  std::string tls_cert;
  std::string tls_key;
  std::string user;
  std::string password;
  std::string creds_file;
  std::string stream = "starling";
  std::uint64_t replicas = 1;
  std::uint64_t partitions = 1;
};

struct claims_section {
  std::string user = "sub";
  std::string tenant = "tenant";
};

struct auth_section {
  std::string hs256_secret;                       ///< empty = none
  std::map<std::string, std::string> hs256_keys;  ///< kid -> secret
  std::vector<std::string> public_key_files;      ///< PEM
  std::string jwks_file;                          ///< empty = none
  std::string api_keys_file;                      ///< empty = none
  std::string issuer;                             ///< empty = not checked
  std::vector<std::string> audience;              ///< any one of these; empty = not checked
  claims_section claims;
  std::chrono::milliseconds leeway = 60s;
  bool dev = false;
};

struct sse_section {
  std::chrono::milliseconds heartbeat = 30s;
  std::chrono::milliseconds retry = 500ms;
  std::string format = "named";  ///< of those who ask for none
  double return_rate = 8000;     ///< clients a second
};

struct poll_section {
  std::chrono::milliseconds grace = 30s;
};

struct ws_section {
  byte_count max_message_bytes{0};  ///< 0 = what limits.max_event_bytes needs
};

struct sessions_section {
  std::uint64_t max_per_user = 5;
  session_policy policy = session_policy::evict_oldest;
};

struct limits_section {
  std::uint64_t max_sessions = 0;  ///< 0 = no limit
  byte_count max_event_bytes{64 * 1024};
  double connect_rate = 0;                    ///< per second and source address; 0 = no limit
  double publish_rate = 0;                    ///< targets per second and token; 0 = no limit
  std::uint64_t connections_per_address = 0;  ///< 0 = no limit
  std::uint64_t rooms_per_session = 1000;
  std::uint64_t max_targets = 1000;  ///< of one publish request
};

struct outbox_section {
  std::uint64_t max_events = 100;
  byte_count max_bytes{1024 * 1024};
  std::uint64_t user_max_events = 400;
  byte_count user_max_bytes{4 * 1024 * 1024};
  std::uint64_t node_max_events = 1'000'000;
  byte_count node_max_bytes{256 * 1024 * 1024};
  outbox_policy policy = outbox_policy::disconnect;
};

struct history_section {
  std::uint64_t max_events_per_room = 1000;
  std::chrono::milliseconds max_age = 24h;
};

struct drain_section {
  std::chrono::milliseconds window = 10s;
};

/// The default admits pages of every origin. That is safe because a page of another origin has no
/// token of ours to send, as long as `"*"` never covers the cookie: with `"*"`, a request that
/// carries a foreign `Origin` is answered without `Access-Control-Allow-Credentials`, and its
/// cookie is not looked at. Cookies from other origins need those origins listed by name.
struct cors_section {
  std::vector<std::string> origins{"*"};
};

struct tls_section {
  std::string cert_file;  ///< PEM chain; empty = plain HTTP
  std::string key_file;
  std::string client_ca_file;  ///< PEM; empty = clients need no certificate
  net::tls_version min_version = net::tls_version::tls12;
};

struct security_section {
  std::string hmac_secret;  ///< of foreign publishers' payloads; empty = they need no signature
};

struct log_section {
  log::level level = log::level::info;
  log_format format = log_format::text;
};

struct debug_section {
  std::vector<std::string> faults;  ///< see planned_faults
};

struct mercure_section {
  std::string publisher_key;  ///< a secret, a PEM text or a PEM file; empty: the node's keys
  token_algorithm publisher_algorithm = token_algorithm::hs256;
  std::string subscriber_key;
  token_algorithm subscriber_algorithm = token_algorithm::hs256;
  bool anonymous = false;

  friend bool operator==(const mercure_section&, const mercure_section&) = default;
};

struct postgres_section {
  std::string dsn;
  /// fechatter's table; its room of chat 7 is `chat:7`.
  std::string rooms_of_user =
      "SELECT 'chat:' || chat_id FROM chat_members WHERE user_id = $1 AND left_at IS NULL";
  std::string users_of_room =
      "SELECT user_id FROM chat_members "
      "WHERE chat_id = substring($1 from '^chat:([0-9]+)$')::bigint AND left_at IS NULL";
  std::string notify;  ///< channel; empty = none
  std::uint64_t connections = 4;
};

struct membership_http_section {
  std::string url;
  std::string secret;
};

struct membership_section {
  std::vector<std::string> sources{"roster"};
  std::chrono::milliseconds cache = 5min;
  std::uint64_t cache_users = 100'000;
  std::chrono::milliseconds timeout = 2s;
  postgres_section postgres;
  membership_http_section http;
};

struct config {
  node_section node;
  listen_section listen;
  nats_section nats;
  auth_section auth;
  sse_section sse;
  poll_section poll;
  ws_section ws;
  sessions_section sessions;
  limits_section limits;
  outbox_section outbox;
  history_section history;
  drain_section drain;
  cors_section cors;
  tls_section tls;
  security_section security;
  membership_section membership;
  log_section log;
  debug_section debug;
  std::vector<std::string> dialects{"native", "oblivious", "fechatter", "mercure"};
  mercure_section mercure;
  std::vector<net::written_rule> mapping;
  net::mapping_tables mapping_table;
  app::mapping_profile mapping_profile = app::mapping_profile::none;
};

}  // namespace starling::app
