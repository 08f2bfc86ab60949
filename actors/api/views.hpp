/// What sessions of dialects say of themselves.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "actors/api/cluster_view.hpp"

namespace starling::actors {

/// See net::service::describe_views. `done`: on the thread of `loop`.
void collect_views(cluster_view& cluster, net::io_loop& loop, const tenant_id& tenant,
                   std::function<void(std::vector<std::string>)> done);

}  // namespace starling::actors
