/// Makes sure that the stream and the buckets exist as the options want them.
#pragma once

#include "cluster/engine.hpp"
#include "cluster/nats/nats_session.hpp"

namespace starling::cluster {

/// Creates what is missing, updates limits and replicas that differ. Returns the stream's epoch,
/// the same on all nodes however many of them create it at once. `known`: the epoch that the caller
/// has seen before, 0 for none; finding it again is quicker. Blocks up to some seconds. Error:
/// unavailable, with what NATS says.
result<epoch_id> ensure_store(const nats_session& session, const nats_options& options,
                              epoch_id known);

/// Name of the key-value bucket that holds the roster.
std::string roster_bucket(const nats_options& options);
/// Name of the key-value bucket that holds where the users' last sessions ended.
std::string positions_bucket(const nats_options& options);

}  // namespace starling::cluster
