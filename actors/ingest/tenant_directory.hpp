/// Whose room is that, whose user? For foreign messages that do not name their tenant.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "cluster/roster_store.hpp"
#include "net/base/ids.hpp"

namespace starling::actors {

/// Learns from payloads that do name it, from the roster and from members' tokens, and from what
/// other nodes have learnt. Bounded: of what was not seen for long it forgets. Any thread.
class tenant_directory {
 public:
  void room_seen(const tenant_id& tenant, const std::string& room);
  void user_seen(const tenant_id& tenant, const std::string& user);
  void member_added(const cluster::roster_entry& entry);
  void member_removed(const cluster::roster_entry& entry);
  void roster_loaded(const cluster::roster_part& part);

  std::vector<tenant_id> of_room(const std::string& room) const;
  std::vector<tenant_id> of_user(const std::string& user) const;
  std::vector<tenant_id> tenants() const;
  bool is_member(const tenant_id& tenant, const std::string& room, const std::string& user) const;
  /// Was a member, and is none any more.
  bool has_left(const tenant_id& tenant, const std::string& room, const std::string& user) const;

  /// Questions and answers between nodes. `names`: lines `room NAME`, `user NAME`, `tenants`.
  std::string answer(std::string_view names) const;
  /// Takes what answer() of another node gave; nonsense in it does nothing.
  void learn(std::string_view facts);

 private:
  using tenant_index = std::uint32_t;
  /// Name -> tenants. Of two generations the older one goes when the newer one is full.
  class names {
   public:
    void add(const std::string& name, tenant_index tenant);
    std::vector<tenant_index> find(const std::string& name) const;

   private:
    static constexpr std::size_t most = 200'000;  ///< of a generation
    std::unordered_map<std::string, std::vector<tenant_index>> fresh_, old_;
  };

  tenant_index index_of(const tenant_id& tenant);
  std::vector<tenant_id> named(const std::vector<tenant_index>& indexes) const;
  void see(names& into, const tenant_id& tenant, const std::string& name);
  void add_member(const cluster::roster_entry& entry);

  mutable std::mutex mutex_;
  std::vector<tenant_id> tenants_;
  std::unordered_map<tenant_id, tenant_index> indexes_;
  names rooms_, users_;
  std::unordered_set<std::uint64_t> members_;  ///< by the hash of tenant, room and user
  std::unordered_set<std::uint64_t> left_;
};

}  // namespace starling::actors
