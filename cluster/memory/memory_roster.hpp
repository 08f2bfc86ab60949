/// The durable roster of a cluster of one: it lasts as long as the process.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <tuple>

#include "cluster/roster_store.hpp"

namespace starling::cluster {

class memory_roster final : public roster_store {
 public:
  void start(roster_listener& listener) override;
  void stop() override;
  void put(roster_entry entry, completion<roster_entry> done) override;
  void erase(tenant_id tenant, std::string room, std::string user, completion<bool> done) override;
  void apply(std::vector<roster_change> changes, completion<void> done) override;

 private:
  using membership = std::tuple<tenant_id, std::string, std::string>;  ///< tenant, room, user

  std::recursive_mutex mutex_;  ///< recursive: a listener may put and erase
  roster_listener* listener_ = nullptr;
  std::map<membership, roster_entry> entries_;
};

}  // namespace starling::cluster
