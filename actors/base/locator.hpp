/// Seam: to one session, wherever it is in the cluster. Implemented by the node.
#pragma once

#include <functional>

#include "net/base/event.hpp"
#include "net/base/result.hpp"

namespace starling::actors {

class session_locator {
 public:
  /// Delivers to the session that the event's channel (`client`) names, here or on the node its id
  /// tells. A session of another tenant than the event's does not exist.
  /// `done`: not_found, unavailable (engine away) or timeout; any thread.
  virtual void deliver(event event, std::function<void(result<void>)> done) = 0;

 protected:
  ~session_locator() = default;
};

}  // namespace starling::actors
