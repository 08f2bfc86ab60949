/// Answers of the admin API as text. Pure; each takes the JSON as `net/PROTOCOL.md` describes it
/// and ends in a newline. `now_ms` is epoch milliseconds.
#pragma once

#include <cstdint>
#include <string>

#include "apps/starlingctl/output/json_view.hpp"

namespace starling::ctl {

std::string render_nodes(const json& answer);
std::string render_node(const json& node, std::int64_t now_ms);
std::string render_rooms(const json& answer);
std::string render_room(const json& room);
std::string render_users(const json& answer);
std::string render_user(const json& user, std::int64_t now_ms);
std::string render_sessions(const json& answer, std::int64_t now_ms);
std::string render_session(const json& session, std::int64_t now_ms);
std::string render_members(const json& answer, const std::string& room);
std::string render_mappings(const json& answer);
std::string render_mapping_trial(const json& answer);
std::string render_presence(const json& presence, std::int64_t now_ms);
std::string render_history(const json& answer, const std::string& room);
std::string render_stats(const json& stats);
std::string render_trace(const json& trace);

/// `alive`, `draining`, `alive, not ready`.
std::string node_state(const json& node);
/// `nats`, or `nats, away`.
std::string engine_state(const json& node);
/// A payload on one line: compact JSON, or the text itself.
std::string payload_text(const json& data);

}  // namespace starling::ctl
