/// Last positions in a cluster of one: they last as long as the process.
#pragma once

#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/position_store.hpp"
#include "net/base/clock.hpp"

namespace starling::cluster {

class memory_positions final : public position_store {
 public:
  explicit memory_positions(const history_limits& limits) : max_age_(limits.positions_max_age) {}

  void put(const tenant_id& tenant, const std::string& user, const cursor& at) override;
  void get(const tenant_id& tenant, const std::string& user,
           completion<std::optional<cursor>> done) override;
  void put_rooms(const tenant_id& tenant, const std::string& user,
                 const std::vector<std::string>& rooms) override;
  void rooms(const tenant_id& tenant, const std::string& user,
             completion<std::vector<std::string>> done) override;

 private:
  using owner = std::pair<tenant_id, std::string>;
  struct entry {
    owner whose;
    std::optional<cursor> at;
    std::vector<std::string> rooms;
    steady_time written;
  };
  /// The user's entry, made young again; with the lock held.
  entry& renewed(const tenant_id& tenant, const std::string& user);
  std::optional<entry> find(const tenant_id& tenant, const std::string& user);
  void forget_old(steady_time now);

  const std::chrono::seconds max_age_;  ///< 0: for ever
  std::mutex mutex_;
  std::list<entry> by_age_;  ///< latest put last
  std::map<owner, std::list<entry>::iterator> entries_;
};

}  // namespace starling::cluster
