/// What the roster takes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "actors/messages/bridge_inbox.hpp"
#include "cluster/membership_source.hpp"
#include "cluster/roster_store.hpp"

namespace starling::actors {

/// engine -> roster: a membership has begun or ended.
struct roster_entry_changed {
  cluster::roster_entry entry;
  bool added;
};

/// engine -> roster: a part of the whole.
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

/// node -> roster: those of `changes` that would change anything, as far as this node knows.
struct changes_query {
  std::vector<cluster::roster_change> changes;
  std::function<void(std::vector<cluster::roster_change>)> done;
};

/// node -> roster: rooms of a user. Error: a source that knows of them is away.
struct rooms_of_user_query {
  tenant_id tenant;
  std::string user;
  std::function<void(result<std::vector<std::string>>)> done;
};

// What follows exists only where sources besides the roster are asked.

/// connection -> roster: a session that had asked to join is over.
struct session_gone {
  tenant_id tenant;
  user_id user;
};

/// source, other nodes -> roster.
struct membership_heard {
  cluster::membership_news news;
};

/// publisher, ingester, other nodes -> roster: an event for a room stands at `position`, or (0) is
/// not stored.
struct room_named {
  tenant_id tenant;
  std::string room;
  sequence position;
  bool here;  ///< was accepted by this node
};

/// source (its thread) -> roster.
struct source_answered {
  std::size_t source;
  bool of_user;  ///< else of a room
  tenant_id tenant;
  std::string name;
  result<cluster::membership_source::names> names;
};

/// Taken by roster/roster.cpp.
class roster_inbox : public inbox<join, roster_entry_changed, roster_loaded, await_membership,
                                  members_query, changes_query, rooms_of_user_query, session_gone,
                                  membership_heard, room_named, source_answered, tick> {
 public:
  using inbox::inbox;
};

}  // namespace starling::actors
