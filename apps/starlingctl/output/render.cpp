#include "apps/starlingctl/output/render.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/starlingctl/output/table.hpp"
#include "apps/starlingctl/output/text.hpp"

namespace starling::ctl {
namespace {

std::string bytes_at(const json& object, std::string_view key) {
  return human_bytes(static_cast<std::uint64_t>(std::max<std::int64_t>(0, int_at(object, key))));
}

std::string rate_at(const json& object, std::string_view key) {
  return human_rate(real_at(object, key));
}

std::string expiry(const json& session, std::int64_t now_ms) {
  return relative_time(int_at(session, "expires_ms"), now_ms);
}

std::string queued(const json& session) {
  const auto events = int_at(session, "queued_events");
  if (events == 0) return "0";
  return std::to_string(events) + " (" + bytes_at(session, "queued_bytes") + ")";
}

std::string or_none(std::string text) { return text.empty() ? "none" : text; }

void add_session(table& rows, const json& s, std::int64_t now_ms) {
  rows.add({text_at(s, "client_id"), text_at(s, "user"), text_at(s, "node"),
            text_at(s, "transport"), text_at(s, "device"), joined(texts_at(s, "rooms"), ","),
            relative_time(int_at(s, "opened_ms"), now_ms), expiry(s, now_ms),
            text_at(s, "delivered"), queued(s), text_at(s, "state")});
}

table session_table() {
  return table({"SESSION", "USER", "NODE", "VIA", "DEVICE", "ROOMS", "OPENED", "TOKEN EXPIRES",
                ">DELIVERED", ">QUEUED", "STATE"});
}

/// Of the store, as the node sees them; empty when it says nothing of them.
std::string partitions_of(const json& n) {
  table rows({">PARTITION", ">POSITION", ">LAG", "LEADER"});
  for (const json& p : list_at(n, "partitions")) {
    rows.add({text_at(p, "partition"), text_at(p, "position"), text_at(p, "lag"),
              or_none(text_at(p, "leader"))});
  }
  return rows.empty() ? "" : "\n" + rows.str();
}

}  // namespace

std::string node_state(const json& node) {
  const std::string state = text_at(node, "state");
  return state == "alive" && !flag_at(node, "ready") ? "alive, not ready" : state;
}

std::string engine_state(const json& node) {
  const json& engine = object_at(node, "engine");
  return text_at(engine, "kind") + (flag_at(engine, "connected") ? "" : ", away");
}

std::string payload_text(const json& data) {
  return data.is_string() ? data.get<std::string>()
                          : data.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string render_nodes(const json& answer) {
  table rows({"NODE", "STATE", "ENGINE", ">SESSIONS", ">ROOMS", ">USERS", ">IN/S", ">OUT/S",
              ">OUTBOX", ">CPU", ">MEMORY", "UP", "VERSION", "PUBLIC", "ADMIN"});
  for (const json& n : list_at(answer, "nodes")) {
    rows.add({text_at(n, "id"), node_state(n), engine_state(n), text_at(n, "sessions"),
              text_at(n, "rooms"), text_at(n, "users"), rate_at(n, "events_in_per_s"),
              rate_at(n, "deliveries_per_s"), bytes_at(n, "outbox_bytes"), rate_at(n, "cpu"),
              bytes_at(n, "rss_bytes"), human_seconds(int_at(n, "uptime_s")), text_at(n, "version"),
              text_at(n, "public"), text_at(n, "admin")});
  }
  return rows.empty() ? "no nodes\n" : rows.str();
}

std::string render_node(const json& n, std::int64_t now_ms) {
  return fields({{"node", text_at(n, "id")},
                 {"state", node_state(n)},
                 {"ready", flag_at(n, "ready") ? "yes" : "no"},
                 {"engine", engine_state(n)},
                 {"version", text_at(n, "version")},
                 {"public", text_at(n, "public")},
                 {"admin", text_at(n, "admin")},
                 {"started", utc_time(int_at(n, "started_ms")) + " (" +
                                 relative_time(int_at(n, "started_ms"), now_ms) + ")"},
                 {"sessions", text_at(n, "sessions")},
                 {"rooms", text_at(n, "rooms")},
                 {"users", text_at(n, "users")},
                 {"events in", rate_at(n, "events_in_per_s") + " per second"},
                 {"deliveries", rate_at(n, "deliveries_per_s") + " per second"},
                 {"queued for clients", bytes_at(n, "outbox_bytes")},
                 {"cpu", rate_at(n, "cpu") + " cores"},
                 {"memory", bytes_at(n, "rss_bytes")}}) +
         partitions_of(n);
}

std::string render_rooms(const json& answer) {
  table rows({"ROOM", "TENANT", ">SESSIONS", "NODES"});
  for (const json& r : list_at(answer, "rooms")) {
    rows.add({text_at(r, "room"), text_at(r, "tenant"), text_at(r, "members"),
              joined(texts_at(r, "nodes"), ",")});
  }
  return rows.empty() ? "no room has anybody online\n" : rows.str();
}

std::string render_room(const json& r) {
  return fields({{"room", text_at(r, "room")},
                 {"tenant", text_at(r, "tenant")},
                 {"sessions", text_at(r, "members")},
                 {"nodes", or_none(joined(texts_at(r, "nodes")))},
                 {"users online", or_none(joined(texts_at(r, "users")))}});
}

std::string render_users(const json& answer) {
  table rows({"USER", "TENANT", ">SESSIONS", "NODES"});
  for (const json& u : list_at(answer, "users")) {
    rows.add({text_at(u, "user"), text_at(u, "tenant"), text_at(u, "sessions"),
              joined(texts_at(u, "nodes"), ",")});
  }
  return rows.empty() ? "nobody is online\n" : rows.str();
}

std::string render_user(const json& u, std::int64_t now_ms) {
  std::string out = fields({{"user", text_at(u, "user")},
                            {"tenant", text_at(u, "tenant")},
                            {"sessions", text_at(u, "sessions")},
                            {"nodes", or_none(joined(texts_at(u, "nodes")))},
                            {"roster", or_none(joined(texts_at(u, "rooms")))}});
  table rows = session_table();
  for (const json& s : list_at(u, "details")) add_session(rows, s, now_ms);
  return rows.empty() ? out : out + "\n" + rows.str();
}

std::string render_sessions(const json& answer, std::int64_t now_ms) {
  table rows = session_table();
  for (const json& s : list_at(answer, "sessions")) add_session(rows, s, now_ms);
  return rows.empty() ? "no sessions\n" : rows.str();
}

std::string render_session(const json& s, std::int64_t now_ms) {
  return fields({{"session", text_at(s, "client_id")},
                 {"user", text_at(s, "user")},
                 {"tenant", text_at(s, "tenant")},
                 {"node", text_at(s, "node")},
                 {"transport", text_at(s, "transport")},
                 {"device", text_at(s, "device")},
                 {"remote", text_at(s, "remote")},
                 {"presence", text_at(s, "state")},
                 {"rooms", or_none(joined(texts_at(s, "rooms")))},
                 {"opened", utc_time(int_at(s, "opened_ms")) + " (" +
                                relative_time(int_at(s, "opened_ms"), now_ms) + ")"},
                 {"token expires", expiry(s, now_ms)},
                 {"delivered", text_at(s, "delivered")},
                 {"queued", queued(s)},
                 {"position", text_at(s, "position")}});
}

}  // namespace starling::ctl
