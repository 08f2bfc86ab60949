/// Last positions in a cluster of one: they last as long as the process.
#pragma once

#include <list>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "cluster/position_store.hpp"
#include "net/base/clock.hpp"

namespace starling::cluster {

class memory_positions final : public position_store {
 public:
  explicit memory_positions(const history_limits& limits) : max_age_(limits.positions_max_age) {}

  void put(const tenant_id& tenant, const std::string& user, const cursor& at) override;
  void get(const tenant_id& tenant, const std::string& user,
           completion<std::optional<cursor>> done) override;

 private:
  using owner = std::pair<tenant_id, std::string>;
  struct entry {
    owner whose;
    cursor at;
    steady_time written;
  };
  void forget_old(steady_time now);

  const std::chrono::seconds max_age_;  ///< 0: for ever
  std::mutex mutex_;
  std::list<entry> by_age_;  ///< latest put last
  std::map<owner, std::list<entry>::iterator> entries_;
};

}  // namespace starling::cluster
