/// Where each user's last session ended, and in which rooms: what a connect with `since=last`
/// resumes from, and what tells a user who comes back which rooms were taken away.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cluster/event_log.hpp"
#include "net/base/cursor.hpp"
#include "net/base/ids.hpp"

namespace starling::cluster {

/// A position is kept for `history_limits::positions_max_age`. A put that is lost,
/// or overtaken by a get, leaves an earlier position: events are delivered again, none is missed.
/// Positions may be of an earlier epoch of the history; the caller judges that as it does with a
/// client's cursor.
/// Implementations: memory_positions, kv_positions (JetStream key-value bucket).
class position_store {
 public:
  virtual ~position_store() = default;

  /// Remembers `at` for the user; best effort, never blocks, any thread. The latest call wins.
  virtual void put(const tenant_id& tenant, const std::string& user, const cursor& at) = 0;

  /// nullopt when nothing is known. Errors: unavailable, timeout. Any thread, never blocks.
  virtual void get(const tenant_id& tenant, const std::string& user,
                   completion<std::optional<cursor>> done) = 0;

  /// Remembers the rooms the user's latest session is in, all of them; otherwise as `put`.
  virtual void put_rooms(const tenant_id& tenant, const std::string& user,
                         const std::vector<std::string>& rooms) = 0;

  /// Empty when nothing is known. What was put some ms ago may not be seen yet. Otherwise as `get`.
  virtual void rooms(const tenant_id& tenant, const std::string& user,
                     completion<std::vector<std::string>> done) = 0;
};

}  // namespace starling::cluster
