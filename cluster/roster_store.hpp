/// The durable roster: which user is a member of which room by the API.
#pragma once

#include <cstdint>
#include <vector>

#include "cluster/event_log.hpp"
#include "net/base/ids.hpp"

namespace starling::cluster {

struct roster_entry {
  tenant_id tenant;
  std::string room;
  std::string user;
  std::int64_t since_ms = 0;  ///< wall clock when the membership began
  sequence since_seq = 0;     ///< position when it began: earlier events are not shown
};

/// Called on an engine thread, in order; must not block.
class roster_listener {
 public:
  virtual ~roster_listener() = default;
  /// The whole roster: at start, and again after each engine outage (replaces what was known).
  virtual void on_roster(std::vector<roster_entry> all) = 0;
  virtual void on_member_added(roster_entry entry) = 0;
  virtual void on_member_removed(roster_entry entry) = 0;
};

/// Implementations: memory_roster, kv_roster (JetStream key-value bucket). Never blocks; any
/// thread.
class roster_store {
 public:
  virtual ~roster_store() = default;
  virtual void start(roster_listener& listener) = 0;
  virtual void stop() = 0;

  /// Adds or keeps a member (an existing membership keeps its `since`). Done when it is stored.
  virtual void put(roster_entry entry, completion<roster_entry> done) = 0;
  /// True when there was such a member.
  virtual void erase(tenant_id tenant, std::string room, std::string user,
                     completion<bool> done) = 0;
};

}  // namespace starling::cluster
