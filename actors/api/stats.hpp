/// Statistics of the cluster.
#pragma once

#include <functional>

#include "actors/api/api_call.hpp"

namespace starling::actors {

struct cluster_stats {
  net::node_stats sum;  ///< rooms and users that are on several nodes count once, if `distinct`
  bool distinct = true;
  std::vector<std::string> replied;
  std::vector<std::string> missing;
};

/// Of one tenant, or of all (empty); see cluster_view.
void gather_stats(cluster_view& cluster, net::io_loop& loop, const tenant_id& tenant,
                  std::function<void(cluster_stats)> done);

}  // namespace starling::actors
