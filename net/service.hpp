/// Seam in: what the node does for its HTTP front. Implemented by `actors`; called on the loop
/// thread of the connection that asks, and every completion is called on that same thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/auth/identity.hpp"
#include "net/http/route.hpp"
#include "net/stream/session_view.hpp"
#include "net/stream/transport.hpp"
#include "net/wire/admin.hpp"
#include "net/wire/protocol.hpp"

namespace starling::net {

class io_loop;

using identity_ptr = std::shared_ptr<const identity>;

/// A request for an event stream, token verified, syntax checked.
struct stream_request {
  identity_ptr identity;
  transport_kind kind = transport_kind::sse;
  wire_format format = wire_format::sse_named;
  bool heartbeat_event = false;
  std::vector<std::string> rooms;  ///< asked for in addition to token and roster
  device_id device;                ///< parameter, else claim, else empty
  std::optional<std::string> last_event_id;
  bool since_last = false;
  /// Over many short responses: between two of them the client may go on with another session
  /// without having closed this one, see `leave_behind`.
  bool ends_quietly = false;
  std::string remote;                  ///< the client's address, for inspection
  std::string request_id = {};         ///< for the log
  std::string trace_id = {};           ///< for the log
  std::unique_ptr<session_view> view;  ///< of a dialect; null: every event is shown
};

/// Answers one stream_request, exactly once. Loop thread only.
///
/// A session and the connection it came over are two things: the transport that accept() returns
/// may write to the connection of the request, to one of many streams of it, or to the requests
/// that follow one after the other.
class stream_responder {
 public:
  virtual ~stream_responder() = default;
  /// The session begins; answers with the headers (X-Client-ID among them). `hello` is what the
  /// first event will say, which the caller sends. nullptr when the peer has already gone. The
  /// observer must outlive the transport.
  virtual std::unique_ptr<transport> accept(const connected& hello,
                                            transport_observer& observer) = 0;
  /// No stream now: 200 + retry + goodbye + end for those who read event streams (WebSocket: the
  /// handshake, a goodbye frame, close); 503 + Retry-After for others.
  virtual void refuse(const goodbye& why) = 0;
  /// An error before the stream, as JSON.
  virtual void fail(const error& why) = 0;
};

/// A request of a row that the service brought, admitted by what the row says.
struct api_request {
  identity_ptr caller;  ///< null where the row needs no token
  std::string name;     ///< first path parameter: room, user, node, client id
  std::string member;   ///< second path parameter: user of a membership
  std::map<std::string, std::string> query;
  std::string body;
};

/// JSON answer. `body` may be empty (204).
struct api_reply {
  int status = 200;
  std::string body;
};

/// A row of the API behind publishing and streams, see `route`. Its path lives as long as the
/// program; one that begins with `/admin/` exists on the admin listener only.
struct api_route {
  http_method method = http_method::get;
  std::string_view path;
  access needs = access::token;
  std::function<void(io_loop&, api_request, std::function<void(api_reply)>)> run;
  std::string_view query = {};
  std::size_t max_body = 0;
};

/// State for /livez, /readyz, /healthz.
struct health {
  bool ready = false;
  struct check {
    std::string name;
    bool ok = false;
    std::string detail;
  };
  std::vector<check> checks;
  std::uint64_t sessions = 0;  ///< on this node, as the two that follow
  std::uint64_t users = 0;
  std::uint64_t rooms = 0;
  std::string version;
  std::int64_t started_ms = 0;
};

/// What changes about a live session at the request of others than its transport.
struct session_change {
  std::optional<std::string> presence;             ///< the state its user shows
  std::optional<std::chrono::milliseconds> retry;  ///< told to its client; event streams only
};

/// What is answered about a session that is not there, or of another tenant.
inline error no_session(std::string_view id) {
  return {errc::not_found, "no session " + std::string(id)};
}
/// ... and about one that is not the caller's.
inline error not_your_session() {
  return {errc::forbidden, "the session belongs to somebody else"};
}

class service {
 public:
  virtual ~service() = default;
  /// Opens a session, or refuses. `loop` is the caller's.
  virtual void open(io_loop& loop, stream_request request,
                    std::unique_ptr<stream_responder> responder) = 0;
  /// Would open() be allowed to `request`? For HEAD.
  virtual result<void> check(const stream_request& request) = 0;
  /// Why this node takes no session of the tenant now; nullopt: it does. For HEAD.
  virtual std::optional<goodbye> cannot_open(const tenant_id& tenant) const = 0;
  /// `done`: one verdict per item, in order; on `loop`, outside of any actor.
  virtual void publish(io_loop& loop, identity_ptr caller, publish_batch batch,
                       std::function<void(std::vector<publish_verdict>)> done) = 0;
  /// The rows that the service answers itself. Asked once, before the first request.
  virtual std::vector<api_route> routes() = 0;

  // What dialects do besides, each with the rights of `caller`. A session of another tenant does
  // not exist (not_found); one of somebody else is forbidden to who is no administrator.

  virtual void close_session(io_loop& loop, identity_ptr caller, const session_id& id,
                             std::function<void(result<void>)> done) = 0;
  /// The client goes on with another session: this one ends without a word, on whichever node it
  /// is, if its stream_request says that it `ends_quietly`. Any other stays, and so does one that
  /// is not the caller's own.
  virtual void leave_behind(io_loop& loop, identity_ptr caller, const session_id& id) = 0;
  /// Publishes `item` to the session, whatever the token lets `caller` publish.
  virtual void send_to_session(io_loop& loop, identity_ptr caller, const session_id& id,
                               publish_item item, std::function<void(publish_verdict)> done) = 0;
  /// Gives a live session the token of `fresh`: forbidden when it is of another user.
  virtual void renew_session(io_loop& loop, identity_ptr fresh, const session_id& id,
                             std::function<void(result<void>)> done) = 0;
  /// `caller` must be the session's user, for `retry` an administrator may as well. Errors:
  /// malformed (no such state), not_found, forbidden.
  virtual void change_session(io_loop& loop, identity_ptr caller, const session_id& id,
                              session_change change, std::function<void(result<void>)> done) = 0;
  /// Publishes what the token of `caller` allows, in the name of its session. Errors: not_found;
  /// forbidden to everybody but the session's user; those of publish().
  virtual void publish_from_session(io_loop& loop, identity_ptr caller, const session_id& id,
                                    publish_item item, std::string traceparent,
                                    std::function<void(publish_verdict)> done) = 0;
  /// Who is online, on all nodes, but for `caller`: in the room; without one in whatever `caller`
  /// hears, or in the whole tenant. Errors: forbidden when `caller` may not hear the room.
  enum class online_scope : std::uint8_t {
    room,
    own_rooms,
    tenant
  };
  virtual void online_users(io_loop& loop, identity_ptr caller, online_scope scope,
                            std::string room,
                            std::function<void(result<std::vector<presence_user>>)> done) = 0;
  /// The first sessions, by their ids, of all that `caller` may see, on all nodes.
  virtual void list_sessions(io_loop& loop, identity_ptr caller, std::size_t most,
                             std::function<void(result<std::vector<session_info>>)> done) = 0;
  /// The first stored event of a channel that has this id of its publisher's; nullopt when history
  /// holds none. What was acknowledged before is looked at. Error: unavailable.
  virtual void find_event(io_loop& loop, const channel& channel, std::string id,
                          std::function<void(result<std::optional<cursor>>)> done) = 0;
  /// What the tenant's sessions with a view say of themselves (session_view::describe), on all
  /// nodes; at most `max_described`, in the order of their ids.
  static constexpr std::size_t max_described = 10'000;
  virtual void describe_views(io_loop& loop, const tenant_id& tenant,
                              std::function<void(std::vector<std::string>)> done) = 0;
  /// Where the tenant's history stands.
  virtual cursor here(const tenant_id& tenant) const = 0;
  /// Of all nodes together: what `caller` may see.
  virtual void statistics(io_loop& loop, identity_ptr caller,
                          std::function<void(result<node_stats>)> done) = 0;

  virtual net::health health() const = 0;
  /// Prometheus text.
  virtual std::string metrics_text() const = 0;
};

}  // namespace starling::net
