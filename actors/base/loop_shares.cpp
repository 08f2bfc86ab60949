#include "actors/base/loop_shares.hpp"

#include <numeric>

namespace starling::actors {

namespace {
/// Parts of a node's CPU time, measured on 8 shards: 10 % for the bridges in 300 rooms of ten; 13 %
/// for bridge and roster where nothing happens but connects.
constexpr double bridges_part = 0.10;
constexpr double roster_part = 0.03;
/// Of an even share: for less a thread need not listen.
constexpr double too_few = 0.3;
}  // namespace

std::size_t home_of_bridge(std::size_t partition, std::size_t shards) noexcept {
  return partition % shards;
}

std::size_t home_of_roster(std::size_t partitions, std::size_t shards) noexcept {
  return partitions % shards;
}

std::vector<double> connection_shares(std::size_t partitions, std::size_t shards) {
  std::vector<double> taken(shards, 0.0);
  for (std::size_t p = 0; p < partitions; ++p)
    taken[home_of_bridge(p, shards)] += bridges_part / static_cast<double>(partitions);
  taken[home_of_roster(partitions, shards)] += roster_part;
  const auto even = 1.0 / static_cast<double>(shards);
  std::vector<double> out;
  for (const auto part : taken) out.push_back(even - part < even * too_few ? 0.0 : even - part);
  const auto all = std::accumulate(out.begin(), out.end(), 0.0);
  for (auto& share : out) share /= all;
  return out;
}

}  // namespace starling::actors
