#include "apps/starlingd/settings.hpp"

#include <algorithm>
#include <random>
#include <stdexcept>

#include "actors/base/loop_shares.hpp"
#include "apps/starlingd/config/config_mapping.hpp"
#include "apps/starlingd/config/config_start.hpp"
#include "apps/starlingd/config/config_value.hpp"
#include "apps/starlingd/web_assets.hpp"
#include "cluster/membership/http_source.hpp"
#include "cluster/membership/postgres_source.hpp"

namespace starling::app {

namespace embedded {
extern const std::string_view starling_js;
extern const std::string_view starling_js_gzipped;
}  // namespace embedded

namespace {

cluster::history_limits history_of(const config& c) {
  cluster::history_limits out;
  out.max_events_per_channel = c.history.max_events_per_room;
  out.max_age = std::chrono::duration_cast<std::chrono::seconds>(c.history.max_age);
  return out;
}

cluster::history_limits store_limits(const config& c) {
  auto out = history_of(c);
  ++out.max_events_per_channel;  // the surplus one tells a resume that something is gone
  return out;
}

cluster::nats_options nats_options_of(const config& c) {
  cluster::nats_options out;
  out.url = c.nats.url;
  out.security = {c.nats.tls_ca, c.nats.tls_cert, c.nats.tls_key,
                  c.nats.user,   c.nats.password, c.nats.creds_file};
  out.stream = c.nats.stream;
  out.partitions = c.nats.partitions;
  out.replicas = static_cast<int>(c.nats.replicas);
  out.limits = store_limits(c);
  return out;
}

/// What a client may send that means to keep to limits.max_event_bytes, and what a client may send
/// that does not and is to be answered rather than closed. JSON spends up to six bytes on one
/// (\u0001); targets, ids and exclusions come around the data.
std::size_t ws_message_room(const config& c) {
  constexpr std::size_t around = 256 * 1024;
  constexpr std::size_t least = 1024 * 1024;
  if (c.ws.max_message_bytes != 0) return c.ws.max_message_bytes;
  return std::max(least, 6 * std::size_t{c.limits.max_event_bytes} + around);
}

actors::membership_options membership_of(const membership_section& m) {
  actors::membership_options out;
  out.cache = m.cache;
  out.max_users = m.cache_users;
  out.roster = false;
  for (const auto& name : m.sources) {
    if (name == "roster") {
      out.roster = true;
    } else if (name == "postgres") {
      const auto& p = m.postgres;
      out.sources.push_back(cluster::make_postgres_source(
          {p.dsn, p.rooms_of_user, p.users_of_room, p.notify, p.connections, m.timeout}));
    } else {
      out.sources.push_back(cluster::make_http_source(
          {.url = m.http.url, .secret = m.http.secret, .timeout = m.timeout}));
    }
  }
  return out;
}

}  // namespace

std::shared_ptr<const net::http_settings> http_settings_of(
    const config& c, std::shared_ptr<const net::key_set> keys) {
  auto out = std::make_shared<net::http_settings>();
  out->keys = std::move(keys);
  if (!c.auth.issuer.empty()) out->rules.issuer = c.auth.issuer;
  out->rules.audience = c.auth.audience;
  out->rules.user_claim = c.auth.claims.user;
  out->rules.tenant_claim = c.auth.claims.tenant;
  out->rules.leeway = std::chrono::duration_cast<std::chrono::seconds>(c.auth.leeway);
  out->rules.checks = net::dialect_checks(c.dialects);
  out->formats = *net::dialect_formats(c.dialects, c.sse.format);  // checked with the configuration
  out->cors = net::cors_policy(c.cors.origins);
  out->limits.max_event_bytes = c.limits.max_event_bytes;
  out->limits.max_targets = c.limits.max_targets;
  out->limits.max_rooms = c.limits.rooms_per_session;
  out->connect_rate = c.limits.connect_rate;
  out->publish_rate = c.limits.publish_rate;
  out->proxies = net::trusted_proxies(c.listen.trusted_proxies);
  out->connections_per_address = c.limits.connections_per_address;
  out->retry = c.sse.retry;
  out->ws_max_message_bytes = ws_message_room(c);
  return out;
}

net::dialect_settings dialect_settings_of(const config& c) {
  const auto keys = [](const std::string& key, token_algorithm algorithm) {
    auto read = mercure_keys(key, algorithm);
    if (!read) throw std::runtime_error("mercure: " + read.error().message);
    return std::move(*read);
  };
  const auto& m = c.mercure;
  net::dialect_settings out;
  out.poll_grace = c.poll.grace;
  out.mercure.publisher_keys = keys(m.publisher_key, m.publisher_algorithm);
  out.mercure.subscriber_keys = keys(m.subscriber_key, m.subscriber_algorithm);
  out.mercure.anonymous = m.anonymous;
  return out;
}

net::http_options http_options_of(const config& c, std::size_t shards) {
  net::http_options out;
  out.public_address = format_endpoint(c.listen.public_);
  out.admin_address = format_endpoint(c.listen.admin);
  out.public_tls = {c.tls.cert_file, c.tls.key_file, {}, c.tls.min_version};
  out.admin_tls = out.public_tls;
  out.admin_tls.client_ca_file = c.tls.client_ca_file;
  out.proxied = c.listen.proxy_protocol;
  out.loop_shares = actors::connection_shares(c.nats.partitions, shards);
  return out;
}

actors::node_options node_options_of(const config& c) {
  actors::node_options out;
  out.id = node_id{c.node.id};
  out.tag = std::random_device{}();
  out.version = STARLING_VERSION;
  out.heartbeat = c.sse.heartbeat;
  out.drain_window = c.drain.window;
  out.retry = c.sse.retry;
  out.return_rate = c.sse.return_rate;
  out.sessions.max_per_user = c.sessions.max_per_user;
  out.sessions.reject_new = c.sessions.policy == session_policy::reject_new;
  out.sessions.max_rooms = c.limits.rooms_per_session;
  out.outbox.session = {c.outbox.max_events, c.outbox.max_bytes};
  out.outbox.user = {c.outbox.user_max_events, c.outbox.user_max_bytes};
  out.outbox.node = {c.outbox.node_max_events, c.outbox.node_max_bytes};
  out.outbox.drop_oldest = c.outbox.policy == outbox_policy::drop_oldest;
  out.history = history_of(c);
  out.membership = membership_of(c.membership);
  out.ring.max_events = std::min<std::size_t>(out.ring.max_events, c.history.max_events_per_room);
  return out;
}

std::unique_ptr<cluster::engine> make_engine(const config& c) {
  if (c.nats.url.empty()) return cluster::make_memory_engine(store_limits(c), c.nats.partitions);
  return cluster::make_nats_engine(node_id{c.node.id}, nats_options_of(c));
}

std::shared_ptr<const net::rule_set> mappings_of(const config& c) {
  if (c.mapping.empty() && c.mapping_profile == mapping_profile::none) return nullptr;
  config_errors none;  // checked with the configuration
  return std::make_shared<const net::rule_set>(compile_mappings(c, {}, none));
}

std::shared_ptr<cluster::foreign_feed> make_feed(const config& c) {
  return cluster::make_nats_feed(node_id{c.node.id}, nats_options_of(c));
}

std::vector<net::static_asset> assets() {
  auto out = web_assets();
  out.push_back({"/starling.js", "text/javascript; charset=utf-8", embedded::starling_js, false,
                 embedded::starling_js_gzipped});
  return out;
}

}  // namespace starling::app
