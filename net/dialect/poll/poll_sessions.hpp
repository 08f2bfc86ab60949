/// The long-poll sessions of a node: where each lives, and the last words of those that ended
/// between two requests.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "net/base/clock.hpp"
#include "net/base/cursor.hpp"
#include "net/service.hpp"

namespace starling::net::poll {

class poll_transport;

/// An open request: answered once, on the thread of the session's loop, with the JSON of an answer.
/// Dropped without being called, the request is answered 500.
using poll_reply = std::function<void(std::string json)>;

/// What a client says to go on with a session.
struct poll_visit {
  session_id id;
  identity_ptr caller;
  std::optional<cursor> from;
  std::vector<std::string> rooms;  ///< asked for; none: whatever the session has
  std::chrono::milliseconds timeout{0};
  /// Called on the session's loop when its token is to be that of `caller` from now on.
  std::function<void()> renew;
};

/// Any thread.
class poll_sessions {
 public:
  explicit poll_sessions(std::chrono::milliseconds grace) : grace_(grace) {}

  /// How long a session outlives its last answer.
  std::chrono::milliseconds grace() const noexcept { return grace_; }

  // What transports say; each of the loop it is on.
  void add(const session_id& id, io_loop& loop, poll_transport& session);
  /// farewell: what the client is still to be told.
  struct farewell {
    identity_ptr caller;
    cursor after;         ///< `answer` goes on from here
    std::string answer;   ///< JSON; for a client that stands there
    std::string goodbye;  ///< JSON; for one that does not
    std::uint64_t retry_ms = 0;
  };
  void remove(const session_id& id, std::optional<farewell> last);

  /// Lets the session of `visit` answer by `reply`, at once or later. `not_there` is called instead
  /// on the session's loop, or on this thread, when there is no such session of that user here or
  /// it cannot go on so; it has ended then.
  void go_on(poll_visit visit, poll_reply reply, std::function<void(poll_reply)> not_there);

 private:
  struct place {
    io_loop* loop;
    poll_transport* session;  ///< touched on that loop only
  };
  std::optional<place> find(const session_id& id);
  std::optional<std::string> last_words(const poll_visit& visit);
  void forget_old(steady_time now);

  struct parting {
    session_id id;
    steady_time until;
  };
  const std::chrono::milliseconds grace_;
  std::mutex mutex_;
  std::unordered_map<session_id, place> live_;
  std::unordered_map<session_id, farewell> farewells_;
  std::deque<parting> partings_;  ///< of farewells_, and of some that were fetched; oldest first
  std::size_t farewell_bytes_ = 0;
};

}  // namespace starling::net::poll
