#include "cluster/partition.hpp"

#include <string>

namespace starling::cluster {

partition_id partition_of(const tenant_id& tenant, std::size_t partitions) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : tenant.str()) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return static_cast<partition_id>(hash % partitions);
}

tenant_id node_tenant(partition_id partition, std::size_t partitions) {
  tenant_id name("-");
  for (int number = 1; partition_of(name, partitions) != partition; ++number)
    name = tenant_id(std::string("-").append(std::to_string(number)));
  return name;
}

}  // namespace starling::cluster
