/// JSON of the administrative structs, both ways. Found by nlohmann's own conversions:
/// `nlohmann::json(info)`, `json.get<node_info>()`.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "net/wire/admin.hpp"

namespace starling::net {

void to_json(nlohmann::json& out, const node_info& from);
void to_json(nlohmann::json& out, const session_info& from);
void to_json(nlohmann::json& out, const room_info& from);
void to_json(nlohmann::json& out, const user_info& from);
void to_json(nlohmann::json& out, const node_stats& from);
void to_json(nlohmann::json& out, const presence_user& from);

// Tolerant, because nodes of two versions talk to each other during an upgrade: what is missing,
// unknown or of the wrong type leaves the member as it was. Never throws for what it is given.
void from_json(const nlohmann::json& from, node_info& out);
void from_json(const nlohmann::json& from, session_info& out);
void from_json(const nlohmann::json& from, room_info& out);
void from_json(const nlohmann::json& from, user_info& out);
void from_json(const nlohmann::json& from, node_stats& out);
void from_json(const nlohmann::json& from, presence_user& out);

}  // namespace starling::net
