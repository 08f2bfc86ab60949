/// `nats.url` as the servers it names.
#pragma once

#include <string>
#include <vector>

namespace starling::cluster {

/// Separated by commas; spaces around them do not count.
std::vector<std::string> split_servers(const std::string& urls);

}  // namespace starling::cluster
