/// GET /metrics: the shards' counters and the node's gauges as Prometheus text.
#pragma once

#include <string>
#include <vector>

#include "actors/messages/context.hpp"
#include "net/io/io_loop.hpp"

namespace starling::app {

/// Every metric is there, at 0, from the start. Any thread.
std::string metrics_page(const actors::node_context& node, const std::vector<net::io_loop*>& loops);

}  // namespace starling::app
