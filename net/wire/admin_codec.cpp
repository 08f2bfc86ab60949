#include "net/wire/admin_codec.hpp"

#include <concepts>
#include <nlohmann/json.hpp>
#include <utility>

namespace starling::net {

namespace {

using nlohmann::json;

template <class T, class Of>
concept either_const = std::same_as<std::remove_const_t<T>, Of>;

// One list of members per struct serves both directions: `field(name, member)`, and `detail` for
// members that only some answers carry.

void each_field(either_const<node_info> auto& of, const auto& field) {
  field("id", of.id);
  field("tag", of.tag);
  field("state", of.state);
  field("public", of.public_address);
  field("admin", of.admin_address);
  field("version", of.version);
  field("started_ms", of.started_ms);
  field("uptime_s", of.uptime_s);
  field("sessions", of.sessions);
  field("rooms", of.rooms);
  field("users", of.users);
  field("events_in_per_s", of.events_in_per_s);
  field("deliveries_per_s", of.deliveries_per_s);
  field("outbox_bytes", of.outbox_bytes);
  field("cpu", of.cpu);
  field("rss_bytes", of.rss_bytes);
  field("ready", of.ready);
  field("draining", of.draining);
}

void each_field(either_const<session_info> auto& of, const auto& field) {
  field("client_id", of.client_id);
  field("user", of.user);
  field("tenant", of.tenant);
  field("node", of.node);
  field("transport", of.transport);
  field("device", of.device);
  field("remote", of.remote);
  field("rooms", of.rooms);
  field("opened_ms", of.opened_ms);
  field("expires_ms", of.expires_ms);
  field("delivered", of.delivered);
  field("queued_events", of.queued_events);
  field("queued_bytes", of.queued_bytes);
  field("position", of.position);
  field("state", of.state);
}

void each_field(either_const<room_info> auto& of, const auto& field) {
  field("room", of.room);
  field("tenant", of.tenant);
  field("members", of.members);
  field("nodes", of.nodes);
  field.detail("users", of.users);
}

void each_field(either_const<user_info> auto& of, const auto& field) {
  field("user", of.user);
  field("tenant", of.tenant);
  field("sessions", of.sessions);
  field("nodes", of.nodes);
  field.detail("details", of.details);
}

void each_field(either_const<node_stats> auto& of, const auto& field) {
  field("sessions", of.sessions);
  field("rooms", of.rooms);
  field("users", of.users);
  field("events_in", of.events_in);
  field("deliveries", of.deliveries);
  field("bytes_out", of.bytes_out);
  field("opened", of.opened);
  field("closed", of.closed);
  field("dropped", of.dropped);
  field("outbox_bytes", of.outbox_bytes);
}

void each_field(either_const<presence_user> auto& of, const auto& field) {
  field("user", of.user);
  field("state", of.state);
  field("sessions", of.sessions);
  field("since", of.since_ms);
}

struct writer {
  json& out;
  void operator()(const char* name, const auto& value) const { out[name] = value; }
  void detail(const char* name, const auto& list) const {
    if (!list.empty()) out[name] = list;
  }
};

bool read(const json& from, std::string& out) {
  return from.is_string() && (out = from.get_ref<const std::string&>(), true);
}
bool read(const json& from, bool& out) {
  return from.is_boolean() && (out = from.get<bool>(), true);
}
bool read(const json& from, double& out) {
  return from.is_number() && (out = from.get<double>(), true);
}
/// A number that does not fit is as wrong as a number of another type.
template <std::integral Number>
bool read(const json& from, Number& out) {
  if (from.is_number_unsigned()) {
    const auto value = from.get<std::uint64_t>();
    return std::in_range<Number>(value) && (out = static_cast<Number>(value), true);
  }
  if (!from.is_number_integer()) return false;
  const auto value = from.get<std::int64_t>();
  return std::in_range<Number>(value) && (out = static_cast<Number>(value), true);
}
bool read(const json& from, session_info& out) {
  return from.is_object() && (from_json(from, out), true);
}
template <class T>
bool read(const json& from, std::vector<T>& out) {
  if (!from.is_array()) return false;
  out.clear();
  for (const auto& each : from)
    if (T value; read(each, value)) out.push_back(std::move(value));
  return true;
}

struct reader {
  const json& from;
  void operator()(const char* name, auto& value) const {
    if (const auto found = from.find(name); found != from.end()) read(*found, value);
  }
  void detail(const char* name, auto& list) const { (*this)(name, list); }
};

template <class T>
void write(json& out, const T& from) {
  out = json::object();
  each_field(from, writer{out});
}

template <class T>
void read_fields(const json& from, T& out) {
  if (from.is_object()) each_field(out, reader{from});
}

}  // namespace

void to_json(json& out, const node_info& from) {
  write(out, from);
  out["engine"] = {{"kind", from.engine_kind}, {"connected", from.engine_connected}};
}
void to_json(json& out, const session_info& from) { write(out, from); }
void to_json(json& out, const room_info& from) { write(out, from); }
void to_json(json& out, const user_info& from) { write(out, from); }
void to_json(json& out, const node_stats& from) { write(out, from); }
void to_json(json& out, const presence_user& from) { write(out, from); }

void from_json(const json& from, node_info& out) {
  read_fields(from, out);
  if (!from.is_object() || !from.contains("engine") || !from["engine"].is_object()) return;
  const reader engine{from["engine"]};
  engine("kind", out.engine_kind);
  engine("connected", out.engine_connected);
}
void from_json(const json& from, session_info& out) { read_fields(from, out); }
void from_json(const json& from, room_info& out) { read_fields(from, out); }
void from_json(const json& from, user_info& out) { read_fields(from, out); }
void from_json(const json& from, node_stats& out) { read_fields(from, out); }
void from_json(const json& from, presence_user& out) { read_fields(from, out); }

}  // namespace starling::net
