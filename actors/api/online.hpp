/// Who is online, over all nodes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "actors/api/api_call.hpp"
#include "actors/messages/users_online.hpp"

namespace starling::actors {

/// Users of a room as all nodes' answers have them.
users_by_name merged(const cluster_answer<presence_answer>& given);

/// See net::service::online_users.
void find_online(api_parts& parts, net::io_loop& loop, net::identity_ptr caller,
                 net::service::online_scope scope, std::string room,
                 std::function<void(result<std::vector<net::presence_user>>)> done);

}  // namespace starling::actors
