/// What nodes write into a stream's description, behind whatever an operator wrote there.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "net/base/cursor.hpp"

namespace starling::cluster::jetstream {

/// The epoch, `starling epoch=<decimal>`; nullopt when there is none. Never 0.
std::optional<epoch_id> find_epoch(std::string_view description);
/// `description` with the epoch behind it.
std::string with_epoch(std::string_view description, epoch_id epoch);

/// Of how many partitions the stream is one, `starling partitions=<decimal>`; nullopt when it does
/// not say, as stores of one that are older than this mark. Never 0.
std::optional<std::size_t> find_partitions(std::string_view description);
/// `description` with the number behind it.
std::string with_partitions(std::string_view description, std::size_t partitions);

}  // namespace starling::cluster::jetstream
