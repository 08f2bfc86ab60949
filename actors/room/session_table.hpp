/// Who of a user's sessions may stay: the same answer on every node.
#pragma once

#include <cstdint>
#include <vector>

#include "actors/base/options.hpp"
#include "actors/messages/connection_inbox.hpp"
#include "net/base/error.hpp"
#include "net/base/ids.hpp"

namespace starling::actors {

/// One session of the user, wherever it is.
struct user_session {
  session_id id;
  std::int64_t opened_ns = 0;
  device_id device;
  sparse_string<node_tag> node;         ///< empty when the session is on this one
  handle<connection_inbox> connection;  ///< empty when it is on another
};

struct eviction {
  user_session session;
  close_code why;
};

/// All sessions of one user in the order (opened_ns, id), which every node shares, so that
/// supervisors that know of the same sessions evict the same ones. Plain state.
class session_table {
 public:
  /// Adds a session; one that is known already stays as it is.
  void add(user_session session);
  /// False when it was not there.
  bool remove(const session_id& id);
  /// False when it had none.
  bool remove_node(const node_id& node);
  /// Removes and returns those who may not stay: of each device all but the newest (replaced),
  /// then what is over the limit (session_limit), oldest first or, with reject_new, newest first.
  std::vector<eviction> enforce(const session_policy& policy);

  const std::vector<user_session>& all() const noexcept { return sessions_; }

 private:
  std::vector<user_session> sessions_;  // ascending (opened_ns, id)
};

}  // namespace starling::actors
