/// Makes sure that the streams and the buckets exist as the options want them.
#pragma once

#include <string>
#include <vector>

#include "cluster/engine.hpp"
#include "cluster/nats/nats_session.hpp"

namespace starling::cluster {

/// Creates what is missing, updates limits and replicas that differ. Returns the streams' epochs by
/// partition, the same on all nodes however many of them create it at once. `known`: the epochs
/// that the caller has seen before, empty or 0 for none; finding them again is quicker. Blocks up
/// to some seconds. Errors: unavailable, with what NATS says; conflict: the store has another
/// number of partitions, and the message says the way out.
result<std::vector<epoch_id>> ensure_store(nats_session& session, const nats_options& options,
                                           const std::vector<epoch_id>& known);

/// Name of the key-value bucket that holds the roster.
std::string roster_bucket(const nats_options& options);
/// Name of the key-value bucket that holds where the users' last sessions ended.
std::string positions_bucket(const nats_options& options);

}  // namespace starling::cluster
