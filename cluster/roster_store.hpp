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

/// A membership that begins, or ends.
struct roster_change {
  roster_entry entry;
  bool member = true;
};

/// A piece of the whole roster; there may be hundreds of thousands of memberships.
struct roster_part {
  std::vector<roster_entry> entries;
  bool first = false;  ///< the roster begins anew; what came before and had no last part is void
  bool last = false;   ///< it is whole: what was known and has not come is no more
};

/// Called on an engine thread, in order; must not block.
class roster_listener {
 public:
  virtual ~roster_listener() = default;
  /// The whole roster, part by part: at start, and again after each engine outage.
  virtual void on_roster(roster_part part) = 0;
  virtual void on_member_added(roster_entry entry) = 0;
  /// Of a membership that may be known or not; what `entry` says of its beginning means nothing.
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

  static constexpr std::size_t max_changes = 4096;
  /// At most `max_changes` changes, in order, of memberships that the caller knows to begin or end
  /// by them: one that exists already begins anew. Done when all are stored; with an error some
  /// may be.
  virtual void apply(std::vector<roster_change> changes, completion<void> done) = 0;
};

}  // namespace starling::cluster
