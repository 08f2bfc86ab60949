/// GET /metrics: the shards' counters and the node's gauges as Prometheus text.
#pragma once

#include <string>
#include <vector>

#include "actors/ingest/ingestion.hpp"
#include "actors/messages/context.hpp"
#include "net/io/io_loop.hpp"

namespace starling::app {

/// Every metric is there, at 0, from the start. Any thread.
/// `ingestion`: nullptr where nothing is ingested.
std::string metrics_page(const actors::node_context& node, const actors::ingestion* ingestion,
                         const std::vector<net::io_loop*>& loops);

}  // namespace starling::app
