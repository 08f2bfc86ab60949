/// Makes sure that the stream exists as the options want it, and knows its epoch.
#pragma once

#include "cluster/engine.hpp"
#include "cluster/jetstream/jetstream_admin.hpp"
#include "cluster/nats/nats_session.hpp"

namespace starling::cluster::jetstream {

/// True when several nats-servers may answer, so that two nodes may create the same thing.
bool perhaps_clustered(const nats_session& session, const nats_options& options);

/// Creates the stream or adapts its limits; returns the epoch that its description names. A stream
/// without one is given its creation time in ms. An epoch other than `known` (0: none) is only
/// believed once it has stayed. Blocks up to some seconds. Error: unavailable, with what NATS says.
result<epoch_id> ensure_stream(jsCtx* js, const nats_session& session, const nats_options& options,
                               epoch_id known);

}  // namespace starling::cluster::jetstream
