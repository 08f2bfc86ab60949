/// How many of a node's connections each of its threads should have.
#pragma once

#include <cstddef>
#include <vector>

namespace starling::actors {

/// Where those actors live of which there is one per partition or node, and which are a noticeable
/// part of all work.
std::size_t home_of_bridge(std::size_t partition, std::size_t shards) noexcept;
/// Away from the bridges, as far as there are threads enough.
std::size_t home_of_roster(std::size_t partitions, std::size_t shards) noexcept;

/// One share per shard, of 1 altogether: what is left of an even part of all work when the actors
/// above are counted.
std::vector<double> connection_shares(std::size_t partitions, std::size_t shards);

}  // namespace starling::actors
