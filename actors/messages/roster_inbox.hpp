/// What the roster takes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "actors/messages/bridge_inbox.hpp"
#include "cluster/roster_store.hpp"

namespace starling::actors {

struct roster_entry_changed {
  cluster::roster_entry entry;
  bool added;
};

/// engine -> roster.
struct roster_loaded {
  cluster::roster_part part;
};

/// node -> roster: call `done` when this node knows that the user is (not) a member.
struct await_membership {
  tenant_id tenant;
  std::string room;
  std::string user;
  bool member;
  std::function<void()> done;
};

/// node -> roster: members of a room, after a user name, at most `limit`.
struct members_query {
  tenant_id tenant;
  std::string room;
  std::string after;
  std::size_t limit;
  std::function<void(std::vector<cluster::roster_entry>)> done;
};

/// node -> roster: rooms of a user.
struct rooms_of_user_query {
  tenant_id tenant;
  std::string user;
  std::function<void(std::vector<std::string>)> done;
};

/// Taken by roster/roster.cpp.
class roster_inbox : public inbox<join, roster_entry_changed, roster_loaded, await_membership,
                                  members_query, rooms_of_user_query> {
 public:
  using inbox::inbox;
};

}  // namespace starling::actors
