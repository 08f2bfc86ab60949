#include "apps/starlingd/config/config_schema.hpp"

#include "net/base/ids.hpp"
#include "net/base/nearest_name.hpp"
#include "net/base/planned_faults.hpp"
#include "net/http/cors.hpp"
#include "net/http/trusted_proxies.hpp"
#include "net/http/url.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <type_traits>
#include <utility>

namespace starling::app {
namespace {

// ---- Types ----

template <class T>
constexpr std::string_view type_name() {
  if constexpr (std::is_same_v<T, bool>) return "boolean";
  if constexpr (std::is_same_v<T, std::uint64_t>) return "integer";
  if constexpr (std::is_same_v<T, double>) return "number";
  if constexpr (std::is_same_v<T, byte_count>) return "size";
  if constexpr (std::is_same_v<T, std::chrono::milliseconds>) return "duration";
  if constexpr (std::is_same_v<T, std::string>) return "text";
  if constexpr (std::is_same_v<T, std::vector<std::string>>) return "list";
  if constexpr (std::is_same_v<T, std::map<std::string, std::string>>) return "table";
  if constexpr (std::is_same_v<T, endpoint>) return "HOST:PORT";
  if constexpr (std::is_same_v<T, std::vector<net::written_rule>>) return "array of tables";
  if constexpr (std::is_same_v<T, net::mapping_tables>) return "tables";
  if constexpr (std::is_enum_v<T>) return "choice";
}

// ---- Rules of single values: what the key expects instead, or nothing when the value is fine ----

template <class T>
using rule = std::string_view (*)(const T&);

std::string_view at_least_one(const std::uint64_t& v) {
  return v >= 1 ? "" : "a whole number, 1 or more";
}
std::string_view target_count(const std::uint64_t& v) {
  return v >= 1 && v <= 100'000 ? "" : "1 to 100000, which is what nodes take of an event";
}
std::string_view some_bytes(const byte_count& v) { return v.value >= 1 ? "" : "more than 0 bytes"; }
std::string_view some_time(const std::chrono::milliseconds& v) {
  return v.count() > 0 ? "" : "more than 0 seconds";
}
std::string_view not_empty(const std::string& v) {
  return v.empty() ? "a text that is not empty" : "";
}
std::string_view node_name(const std::string& v) {
  return valid_user(v) ? "" : "1 to 128 characters of A-Z a-z 0-9 . _ ~ @ : -";
}
std::string_view shard_count(const std::uint64_t& v) {
  return v <= 1024 ? "" : "0 (one per core) to 1024";
}
std::string_view replica_count(const std::uint64_t& v) {
  return v >= 1 && v <= 5 ? "" : "1 to 5, which is what JetStream can keep";
}
std::string_view partition_count(const std::uint64_t& v) {
  return v >= 1 && v <= 64 ? "" : "1 to 64, and what the store was created with";
}
std::string_view connection_count(const std::uint64_t& v) {
  return v >= 1 && v <= 64 ? "" : "1 to 64 connections";
}
std::string_view http_url(const std::string& v) {
  return v.empty() || net::parse_http_url(v) ? "" : "a URL such as \"http://127.0.0.1:8000/rooms\"";
}
std::string_view stream_name(const std::string& v) {
  const bool bad = v.empty() || v.find_first_of(" \t\r\n.*>/\\") != std::string::npos;
  return bad ? "a JetStream name: no spaces, dots, slashes, * or >" : "";
}

/// What stands after the host's colon in `[USER:PASSWORD@]HOST[:PORT]`.
std::optional<std::string_view> port_of(std::string_view url) {
  const auto host = url.substr(url.rfind('@') == url.npos ? 0 : url.rfind('@') + 1);
  const auto colon = host.rfind(':');
  const auto bracket = host.rfind(']');
  if (colon == host.npos || (bracket != host.npos && colon < bracket)) return std::nullopt;
  return host.substr(colon + 1);
}
bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  return failed == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

std::string_view nats_urls(const std::string& v) {
  constexpr std::string_view words =
      "one or more URLs such as \"nats://127.0.0.1:4222\" or \"tls://HOST:4222\", with commas";
  std::string_view rest = v;
  while (!v.empty()) {
    std::string_view url = rest.substr(0, rest.find(','));
    while (url.starts_with(' ')) url.remove_prefix(1);
    if (const auto scheme = url.find("://"); scheme != std::string_view::npos) {
      const std::string_view name = url.substr(0, scheme);
      if (name != "nats" && name != "tls") return words;
      url.remove_prefix(scheme + 3);
    }
    if (url.empty() || url.find_first_of(" /") != std::string_view::npos) return words;
    if (const auto port = port_of(url); port && !is_port(*port)) return words;
    if (rest.find(',') == std::string_view::npos) break;
    rest.remove_prefix(rest.find(',') + 1);
  }
  return "";
}

std::string_view origin_list(const std::vector<std::string>& v) {
  const bool fine = std::ranges::all_of(
      v, [](const std::string& each) { return bool(net::cors_policy::check_entry(each)); });
  return fine ? ""
              : "\"*\" or origins such as \"https://app.example.com\" (no path, no slash at the "
                "end)";
}

std::string_view some_rate(const double& v) { return v >= 1 ? "" : "a number, 1 or more"; }
std::string_view poll_grace(const std::chrono::milliseconds& v) {
  return v >= 1s && v <= 10min ? "" : "1s to 10m";
}
std::string_view network_list(const std::vector<std::string>& v) {
  const bool fine = std::ranges::all_of(
      v, [](const std::string& each) { return bool(net::trusted_proxies::check_entry(each)); });
  return fine ? "" : "networks such as 10.0.0.0/8, 2001:db8::/32 or 192.0.2.1";
}

std::string_view fault_list(const std::vector<std::string>& v) {
  return planned_faults::parse(v) ? "" : "entries such as \"room.inbound@100\": ACTOR.MESSAGE@N";
}

// ---- Rows ----

/// The member at the end of a path of member pointers, of a config or a const config.
template <auto... Path>
auto& at(auto& c) {
  return (c.*....*Path);
}

enum : unsigned {
  fixed = 0,
  reloadable = 1,
  secret = 2
};

template <auto... Path>
key_spec key(
    std::string name, unsigned flags, std::string_view doc,
    rule<std::remove_cvref_t<decltype(at<Path...>(std::declval<config&>()))>> allowed = nullptr) {
  using T = std::remove_cvref_t<decltype(at<Path...>(std::declval<config&>()))>;
  key_spec spec;
  spec.name = std::move(name);
  spec.type = type_name<T>();
  spec.doc = doc;
  spec.reloadable = (flags & reloadable) != 0;
  spec.secret = (flags & secret) != 0;
  spec.table = spec.type == "table";
  spec.structured =
      spec.table || spec.type == "list" || spec.type == "array of tables" || spec.type == "tables";
  spec.read = [allowed](const value_context& in, const raw_value& from, config& c) {
    T next = at<Path...>(c);
    if (!read_value(in, from, next)) return false;
    if (allowed != nullptr) {
      if (const auto words = allowed(next); !words.empty()) return in.expects(from, words);
    }
    at<Path...>(c) = std::move(next);
    return true;
  };
  spec.show = [](const config& c) { return show_value(at<Path...>(c)); };
  spec.same = [](const config& a, const config& b) { return at<Path...>(a) == at<Path...>(b); };
  spec.copy = [](const config& from, config& to) { at<Path...>(to) = at<Path...>(from); };
  return spec;
}

using c = config;
using auth = auth_section;

// clang-format off
std::vector<key_spec> make_schema() {
  return {
    key<&c::node, &node_section::id>("node.id", fixed,
        "Name of this node in the cluster; default: host name and a random end", node_name),
    key<&c::node, &node_section::shards>("node.shards", fixed,
        "Threads that hold connections; 0 = one per core", shard_count),

    key<&c::listen, &listen_section::public_>("listen.public", fixed,
        "Where clients and publishers connect; port 0 picks a free one"),
    key<&c::listen, &listen_section::admin>("listen.admin", fixed,
        "Where the admin API, health checks and metrics are served"),
    key<&c::listen, &listen_section::trusted_proxies>("listen.trusted_proxies", reloadable,
        "Networks of proxies that may say for whom they speak: `10.0.0.0/8`, `::1`", network_list),
    key<&c::listen, &listen_section::proxy_protocol>("listen.proxy_protocol", fixed,
        "PROXY headers on the public listener: `off`, `accept` or `require`; from "
        "listen.trusted_proxies only"),

    key<&c::nats, &nats_section::url>("nats.url", fixed,
        "NATS server(s), with commas; empty = one node on the memory engine", nats_urls),
    key<&c::nats, &nats_section::tls_ca>("nats.tls_ca", fixed,
        "PEM file of who signs NATS's certificates; with it no server is spoken to without TLS"),
    key<&c::nats, &nats_section::tls_cert>("nats.tls_cert", fixed,
        "PEM file with the certificate that NATS asks of this node; needs nats.tls_key"),
    key<&c::nats, &nats_section::tls_key>("nats.tls_key", fixed,
        "PEM file with the key of nats.tls_cert"),
    key<&c::nats, &nats_section::user>("nats.user", fixed,
        "User at NATS; needs nats.password"),
    key<&c::nats, &nats_section::password>("nats.password", fixed | secret,
        "Password of nats.user; best in a file or the environment, not on the command line"),
    key<&c::nats, &nats_section::creds_file>("nats.creds_file", fixed,
        "Credentials file (JWT and key) for NATS, instead of nats.user"),
    key<&c::nats, &nats_section::stream>("nats.stream", fixed,
        "JetStream stream that stores events, the same on every node", stream_name),
    key<&c::nats, &nats_section::replicas>("nats.replicas", fixed,
        "Copies JetStream keeps of every event", replica_count),
    key<&c::nats, &nats_section::partitions>("nats.partitions", fixed,
        "Parts of the store, each with a stream of its own; the store keeps its number",
        partition_count),

    key<&c::auth, &auth::hs256_secret>("auth.hs256_secret", reloadable | secret,
        "Secret of HS256 tokens"),
    key<&c::auth, &auth::hs256_keys>("auth.hs256_keys", reloadable | secret,
        "Secrets of HS256 tokens by kid, to rotate them"),
    key<&c::auth, &auth::public_key_files>("auth.public_key_files", reloadable,
        "PEM files with public keys (Ed25519, RSA, P-256)"),
    key<&c::auth, &auth::jwks_file>("auth.jwks_file", reloadable,
        "JSON Web Key Set file; its keys are chosen by kid"),
    key<&c::auth, &auth::api_keys_file>("auth.api_keys_file", reloadable,
        "File with the hashes of API keys, made by `starlingctl key create`"),
    key<&c::auth, &auth::issuer>("auth.issuer", reloadable,
        "Required `iss` of tokens; empty = not checked"),
    key<&c::auth, &auth::audience>("auth.audience", reloadable,
        "Accepted `aud` of tokens, one or a list; empty = not checked"),
    key<&c::auth, &auth::claims, &claims_section::user>("auth.claims.user", reloadable,
        "Path of the user id in a token: `sub`, `user.id`", not_empty),
    key<&c::auth, &auth::claims, &claims_section::tenant>("auth.claims.tenant", reloadable,
        "Path of the tenant in a token: `tenant`, `user.workspace_id`", not_empty),
    key<&c::auth, &auth::leeway>("auth.leeway", reloadable,
        "How far clocks may differ when `exp` and `nbf` are checked"),
    key<&c::auth, &auth::dev>("auth.dev", fixed,
        "INSECURE: accept tokens signed with the secret `dev`; for your own machine only"),

    key<&c::sse, &sse_section::heartbeat>("sse.heartbeat", fixed,
        "Time between heartbeats on an event stream", some_time),
    key<&c::sse, &sse_section::retry>("sse.retry", fixed,
        "How long clients wait before they reconnect, from half to one and a half of it", some_time),
    key<&c::sse, &sse_section::return_rate>("sse.return_rate", fixed,
        "Clients that may come back per second: with more at once they are told to wait longer",
        some_rate),

    key<&c::sse, &sse_section::format>("sse.format", reloadable,
        "Shape of events for clients that ask for none: `named`, `envelope`, `message`, `both` or "
        "`fechatter`"),
    key<&c::poll, &poll_section::grace>("poll.grace", fixed,
        "How long a long-poll session waits for its client's next request", poll_grace),

    key<&c::ws, &ws_section::max_message_bytes>("ws.max_message_bytes", fixed,
        "Largest message a WebSocket client may send; 0 = room for limits.max_event_bytes"),

    key<&c::sessions, &sessions_section::max_per_user>("sessions.max_per_user", fixed,
        "Sessions one user may have in the whole cluster", at_least_one),
    key<&c::sessions, &sessions_section::policy>("sessions.policy", fixed,
        "Who gives way beyond that: `evict-oldest` or `reject-new`"),

    key<&c::limits, &limits_section::max_sessions>("limits.max_sessions", reloadable,
        "Sessions on this node; 0 = no limit"),
    key<&c::limits, &limits_section::max_event_bytes>("limits.max_event_bytes", reloadable,
        "Largest event that can be published", some_bytes),
    key<&c::limits, &limits_section::connect_rate>("limits.connect_rate", reloadable,
        "New sessions per second and source address; 0 = no limit"),
    key<&c::limits, &limits_section::publish_rate>("limits.publish_rate", reloadable,
        "Published events per second and token, one per target; 0 = no limit"),
    key<&c::limits, &limits_section::connections_per_address>("limits.connections_per_address",
        reloadable, "Connections one source address may have to the public listener; 0 = no limit"),
    key<&c::limits, &limits_section::rooms_per_session>("limits.rooms_per_session", fixed,
        "Rooms one session may ask for", at_least_one),
    key<&c::limits, &limits_section::max_targets>("limits.max_targets", reloadable,
        "Rooms, users and sessions that one publish request may name", target_count),

    key<&c::outbox, &outbox_section::max_events>("outbox.max_events", fixed,
        "Events that may wait for one slow client", at_least_one),
    key<&c::outbox, &outbox_section::max_bytes>("outbox.max_bytes", fixed,
        "Bytes that may wait for one slow client", some_bytes),
    key<&c::outbox, &outbox_section::user_max_events>("outbox.user_max_events", fixed,
        "Events that may wait for all slow clients of one user on this node", at_least_one),
    key<&c::outbox, &outbox_section::user_max_bytes>("outbox.user_max_bytes", fixed,
        "Bytes that may wait for all slow clients of one user on this node", some_bytes),
    key<&c::outbox, &outbox_section::node_max_events>("outbox.node_max_events", fixed,
        "Events that may wait for all slow clients of this node", at_least_one),
    key<&c::outbox, &outbox_section::node_max_bytes>("outbox.node_max_bytes", fixed,
        "Bytes that may wait for all slow clients of this node", some_bytes),
    key<&c::outbox, &outbox_section::policy>("outbox.policy", fixed,
        "Beyond that: `disconnect` (the client resumes) or `drop-oldest` (with a gap event)"),

    key<&c::history, &history_section::max_events_per_room>("history.max_events_per_room", fixed,
        "Events kept per room for replay", at_least_one),
    key<&c::history, &history_section::max_age>("history.max_age", fixed,
        "How long events are kept for replay", some_time),

    key<&c::drain, &drain_section::window>("drain.window", fixed,
        "Time over which a leaving node sends its sessions away"),

    key<&c::cors, &cors_section::origins>("cors.origins", fixed,
        "Origins whose pages may connect; `*` = all, but then cookies count for our own pages only",
        origin_list),

    key<&c::tls, &tls_section::cert_file>("tls.cert_file", fixed,
        "PEM certificate chain of both listeners; empty = plain HTTP"),
    key<&c::tls, &tls_section::key_file>("tls.key_file", fixed,
        "PEM private key of that certificate"),
    key<&c::tls, &tls_section::client_ca_file>("tls.client_ca_file", fixed,
        "PEM certificates; the admin listener takes only clients with a certificate of one of these"),
    key<&c::tls, &tls_section::min_version>("tls.min_version", fixed,
        "Oldest TLS that is spoken: `1.2` or `1.3`"),

    key<&c::dialects>("dialects", fixed,
        "Protocols this node speaks, of `native`, `oblivious`, `fechatter` and `mercure`"),
    key<&c::mercure, &mercure_section::publisher_key>("mercure.publisher_key", fixed | secret,
        "Key of Mercure publishers' tokens: a secret, or a public key's PEM text or file; empty = "
        "auth.*"),
    key<&c::mercure, &mercure_section::publisher_algorithm>("mercure.publisher_algorithm", fixed,
        "What they are signed with: `HS256`, `EdDSA`, `RS256` or `ES256`"),
    key<&c::mercure, &mercure_section::subscriber_key>("mercure.subscriber_key", fixed | secret,
        "The same for Mercure subscribers"),
    key<&c::mercure, &mercure_section::subscriber_algorithm>("mercure.subscriber_algorithm", fixed,
        "The same for Mercure subscribers"),
    key<&c::mercure, &mercure_section::anonymous>("mercure.anonymous", fixed,
        "Mercure subscribers need no token, and hear what is public"),

    key<&c::security, &security_section::hmac_secret>("security.hmac_secret", secret,
        "Secret with which payloads of foreign publishers are signed; empty = they need not be"),

    key<&c::membership, &membership_section::sources>("membership.sources", fixed,
        "Who knows who is in which room, of `roster`, `postgres` and `http`; all that are listed count"),
    key<&c::membership, &membership_section::cache>("membership.cache", fixed,
        "How long an answer of PostgreSQL or HTTP is good, for live sessions too", some_time),
    key<&c::membership, &membership_section::cache_users>("membership.cache_users", fixed,
        "Users without a session whose answers are remembered", at_least_one),
    key<&c::membership, &membership_section::timeout>("membership.timeout", fixed,
        "How long PostgreSQL or HTTP may take for an answer", some_time),
    key<&c::membership, &membership_section::postgres, &postgres_section::dsn>(
        "membership.postgres.dsn", fixed | secret,
        "Connection string of the database: `host=.. dbname=..` or `postgres://..`"),
    key<&c::membership, &membership_section::postgres, &postgres_section::rooms_of_user>(
        "membership.postgres.rooms_of_user", fixed,
        "SQL that gives a user's rooms: $1 user, $2 tenant; default: fechatter's chat_members",
        not_empty),
    key<&c::membership, &membership_section::postgres, &postgres_section::users_of_room>(
        "membership.postgres.users_of_room", fixed,
        "SQL that gives a room's users: $1 room, $2 tenant; default: fechatter's chat_members",
        not_empty),
    key<&c::membership, &membership_section::postgres, &postgres_section::notify>(
        "membership.postgres.notify", fixed,
        "Channel on which NOTIFY tells what changed: {user?, room?, tenant?}; empty = none"),
    key<&c::membership, &membership_section::postgres, &postgres_section::connections>(
        "membership.postgres.connections", fixed,
        "Connections for questions; one more listens", connection_count),
    key<&c::membership, &membership_section::http, &membership_http_section::url>(
        "membership.http.url", fixed,
        "Where a backend answers /rooms_of_user and /users_of_room", http_url),
    key<&c::membership, &membership_section::http, &membership_http_section::secret>(
        "membership.http.secret", fixed | secret,
        "Secret with which questions to the backend are signed"),

    key<&c::log, &log_section::level>("log.level", reloadable,
        "Least serious lines to write: `trace`, `debug`, `info`, `warn` or `error`"),
    key<&c::log, &log_section::format>("log.format", fixed,
        "`text` or `json`"),

    key<&c::debug, &debug_section::faults>("debug.faults", fixed,
        "Faults on purpose, to try a cluster: an actor's Nth message of a kind throws", fault_list),

    key<&c::mapping>("mapping", fixed,
        "Rules that turn messages on other NATS subjects into events"),
    key<&c::mapping_table>("mapping_table", fixed,
        "Tables that rules look values up in: {/type|map:NAME} in [mapping_table.NAME]"),
    key<&c::mapping_profile>("mapping_profile", fixed,
        "A built-in set of rules: `none` or `fechatter`"),
  };
}
// clang-format on

/// `nats://user:password@host` without what stands before the `@`.
std::string without_password(const std::string& urls) {
  std::string out;
  std::string_view rest = urls;
  while (true) {
    const std::string_view url = rest.substr(0, rest.find(','));
    const auto scheme = url.find("://");
    const std::size_t start = scheme == std::string_view::npos ? 0 : scheme + 3;
    const auto sign = url.rfind('@');
    if (sign == std::string_view::npos || sign < start) {
      out += url;
    } else {
      out.append(url.substr(0, start)).append("***").append(url.substr(sign));
    }
    if (url.size() == rest.size()) return out;
    out += ',';
    rest.remove_prefix(url.size() + 1);
  }
}

nlohmann::json masked(const key_spec& spec, const config& c) {
  nlohmann::json value = spec.show(c);
  if (spec.name == "nats.url") return without_password(c.nats.url);
  if (!spec.secret) return value;
  constexpr auto mask = "***";
  if (value.is_string()) return value.get_ref<const std::string&>().empty() ? "" : mask;
  for (auto& entry : value) entry = mask;
  return value;
}

std::string_view last_part(std::string_view name) { return name.substr(name.rfind('.') + 1); }

}  // namespace

std::string key_spec::variable() const {
  std::string out = "STARLING_";
  for (const char ch : name) {
    out += ch == '.' ? '_' : ch >= 'a' && ch <= 'z' ? static_cast<char>(ch - 'a' + 'A') : ch;
  }
  return out;
}

std::span<const key_spec> schema() {
  static const std::vector<key_spec> table = make_schema();
  return table;
}

const key_spec* find_key(std::string_view name) {
  const auto all = schema();
  const auto found = std::ranges::find(all, name, &key_spec::name);
  return found == all.end() ? nullptr : &*found;
}

bool is_section(std::string_view name) {
  return std::ranges::any_of(schema(), [name](const key_spec& spec) {
    return spec.name.size() > name.size() && spec.name.starts_with(name) &&
           spec.name[name.size()] == '.';
  });
}

std::optional<std::string> suggest_name(std::string_view name) {
  std::vector<std::string> names, endings;
  for (const key_spec& spec : schema()) {
    if (last_part(spec.name) == last_part(name) && spec.name != name) return spec.name;
    names.push_back(spec.name);
    endings.emplace_back(last_part(spec.name));
    for (auto dot = spec.name.find('.'); dot != std::string::npos;) {
      names.push_back(spec.name.substr(0, dot));
      endings.push_back(names.back());
      dot = spec.name.find('.', dot + 1);
    }
  }
  if (auto found = nearest_name(name, names)) return found;
  // Right key, wrong section, and mistyped as well.
  const auto ending = nearest_name(last_part(name), endings);
  if (!ending) return std::nullopt;
  const auto at = std::ranges::find(endings, *ending) - endings.begin();
  return names[static_cast<std::size_t>(at)];
}

nlohmann::json effective(const config& c) {
  auto out = nlohmann::json::object();
  for (const key_spec& spec : schema()) {
    nlohmann::json* place = &out;
    std::string_view rest = spec.name;
    for (auto dot = rest.find('.'); dot != std::string_view::npos; dot = rest.find('.')) {
      place = &(*place)[std::string(rest.substr(0, dot))];
      rest.remove_prefix(dot + 1);
    }
    (*place)[std::string(rest)] = masked(spec, c);
  }
  return out;
}

}  // namespace starling::app
