/// JSON of the administrative structs, members in their order. Found by nlohmann's own conversion:
/// `nlohmann::ordered_json(info)`.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "net/wire/admin.hpp"

namespace starling::net {

void to_json(nlohmann::ordered_json& out, const node_info& from);
void to_json(nlohmann::ordered_json& out, const partition_info& from);
void to_json(nlohmann::ordered_json& out, const session_info& from);
void to_json(nlohmann::ordered_json& out, const node_stats& from);
void to_json(nlohmann::ordered_json& out, const presence_user& from);

}  // namespace starling::net
