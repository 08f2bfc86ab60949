/// Which part of the store a tenant lives in.
#pragma once

#include <cstddef>
#include <cstdint>

#include "net/base/ids.hpp"

namespace starling::cluster {

/// A part of the store with a stream, an epoch and an order of its own: 0, 1, ... below the number
/// of partitions.
enum class partition_id : std::uint8_t {
};

inline constexpr std::size_t max_partitions = 64;

constexpr std::size_t index_of(partition_id p) noexcept { return static_cast<std::size_t>(p); }

/// The partition of all channels of `tenant` in a store of `partitions` (at least 1). FNV-1a of the
/// name's bytes: the same on every machine and in every release, because stored events depend on
/// it.
partition_id partition_of(const tenant_id& tenant, std::size_t partitions) noexcept;

/// A tenant that belongs to `partition`, for what nodes store there on their own behalf: `-`, or
/// `-` and a number. The same on every node.
tenant_id node_tenant(partition_id partition, std::size_t partitions);

}  // namespace starling::cluster
