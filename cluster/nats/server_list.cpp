#include "cluster/nats/server_list.hpp"

#include <algorithm>

namespace starling::cluster {

std::vector<std::string> split_servers(const std::string& urls) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= urls.size();) {
    const auto comma = std::min(urls.find(',', at), urls.size());
    const auto first = urls.find_first_not_of(' ', at);
    if (first < comma) {
      const auto last = urls.find_last_not_of(' ', comma - 1);
      out.push_back(urls.substr(first, last - first + 1));
    }
    at = comma + 1;
  }
  return out;
}

}  // namespace starling::cluster
