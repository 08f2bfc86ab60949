/// What a dialect decides about one session.
#pragma once

#include <string>

#include "net/base/event.hpp"

namespace starling::net {

/// Comes with a stream_request and lives as long as the session. Called on the session's thread.
class session_view {
 public:
  virtual ~session_view() = default;
  /// Does the session get this event? Asked for every event of its channels, live and replayed.
  /// What it does not get moves its position all the same.
  virtual bool shows(const event& event) = 0;
  /// The session is over. Not called when its stream never began.
  virtual void ended() = 0;
  /// JSON, for whoever inspects sessions.
  virtual std::string describe() const = 0;
};

}  // namespace starling::net
