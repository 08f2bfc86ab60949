/// The members of the administrative structs with their names, once for all encodings:
/// `field(name, member)` is called for each, in an order that only grows at its end.
#pragma once

#include <concepts>
#include <type_traits>

#include "net/wire/admin.hpp"

namespace starling::net {

template <class T, class... Of>
concept one_of = (std::same_as<T, Of> || ...);
template <class T>
concept administrative =
    one_of<T, node_info, partition_info, session_info, room_info, node_stats, presence_user>;
template <class T, class Of>
concept either_const = std::same_as<std::remove_const_t<T>, Of>;

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
  field("engine_kind", of.engine_kind);
  field("engine_connected", of.engine_connected);
}

void each_field(either_const<partition_info> auto& of, const auto& field) {
  field("partition", of.partition);
  field("position", of.position);
  field("lag", of.lag);
  field("leader", of.leader);
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
  field("detail", of.detail);
  field("bytes_out", of.bytes_out);
  field("last_activity_ms", of.last_activity_ms);
}

void each_field(either_const<room_info> auto& of, const auto& field) {
  field("room", of.room);
  field("tenant", of.tenant);
  field("members", of.members);
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

}  // namespace starling::net
