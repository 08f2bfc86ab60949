/// Makes sure that the streams exist as the options want them, and knows their epochs.
#pragma once

#include <vector>

#include "cluster/engine.hpp"
#include "cluster/jetstream/jetstream_admin.hpp"
#include "cluster/nats/nats_session.hpp"

namespace starling::cluster::jetstream {

/// True when several nats-servers may answer, so that two nodes may create the same thing.
bool perhaps_clustered(const nats_session& session, const nats_options& options);

/// Errors: conflict, for people, when the store was made for another number of partitions;
/// unavailable.
result<void> check_partitions(jsCtx* js, const nats_options& options);

/// Creates the stream of each partition or adapts its limits; returns the epochs that their
/// descriptions name, by partition. A stream without one is given its creation time in ms. An epoch
/// other than `known` (shorter, or 0: none) is only believed once it has stayed. Blocks up to some
/// seconds. Error: unavailable, with what NATS says.
result<std::vector<epoch_id>> ensure_streams(jsCtx* js, nats_session& session,
                                             const nats_options& options,
                                             const std::vector<epoch_id>& known);

}  // namespace starling::cluster::jetstream
