/// The roster as this node knows it: rooms of users, members of rooms. Plain state.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cluster/roster_store.hpp"

namespace starling::actors {

class roster_state {
 public:
  /// What to do about sessions after a change.
  struct change {
    cluster::roster_entry entry;
    bool added;
  };

  /// Replaces everything; returns the differences.
  std::vector<change> load(std::vector<cluster::roster_entry> all);
  /// False when nothing changed.
  bool add(const cluster::roster_entry& entry);
  bool remove(const cluster::roster_entry& entry);

  const cluster::roster_entry* find(const tenant_id& tenant, const std::string& user,
                                    const std::string& room) const;
  std::vector<cluster::roster_entry> rooms_of(const tenant_id& tenant,
                                              const std::string& user) const;
  /// Members of a room in name order, after `after`.
  std::vector<cluster::roster_entry> members_of(const tenant_id& tenant, const std::string& room,
                                                const std::string& after, std::size_t limit) const;

 private:
  using key = std::pair<std::string, std::string>;                              // tenant and name
  std::map<key, std::map<std::string, cluster::roster_entry>> by_user_;         // -> room -> entry
  std::map<key, std::map<std::string, const cluster::roster_entry*>> by_room_;  // -> user
};

}  // namespace starling::actors
