/// Seam in: what the node does for its HTTP front. Implemented by `actors`; called on the loop
/// thread of the connection that asks, and every completion is called on that same thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/auth/identity.hpp"
#include "net/stream/transport.hpp"
#include "net/wire/protocol.hpp"

namespace starling::net {

class io_loop;

using identity_ptr = std::shared_ptr<const identity>;

/// A request for an event stream, token verified, syntax checked.
struct stream_request {
  identity_ptr who;
  transport_kind kind = transport_kind::sse;
  wire_format format = wire_format::sse_named;
  bool heartbeat_event = false;
  std::vector<std::string> rooms;  ///< asked for in addition to token and roster
  device_id device;                ///< parameter, else claim, else empty
  std::optional<std::string> last_event_id;
  bool since_last = false;
  std::string remote;  ///< peer address, for inspection
};

/// Answers one stream_request, exactly once. Loop thread only.
class stream_responder {
 public:
  virtual ~stream_responder() = default;
  /// Sends the headers (with X-Client-ID) and hands over the connection. nullptr when the peer has
  /// already gone. The observer must outlive the transport.
  virtual std::unique_ptr<transport> accept(const session_id& id, transport_observer& observer) = 0;
  /// No stream now: 200 + retry + goodbye + end for those who read event streams (WebSocket: the
  /// handshake, a goodbye frame, close); 503 + Retry-After for others.
  virtual void refuse(const goodbye& why) = 0;
  /// An error before the stream, as JSON.
  virtual void fail(const error& why) = 0;
};

/// Everything an HTTP API request can ask for besides streams and publishing.
enum class api_op : std::uint8_t {
  room_history,
  room_presence,
  members_list,
  member_get,
  member_put,
  member_delete,
  online_users,
  session_token,  ///< POST /api/session/{client_id}/token; body has the new token, already verified
  sse_disconnect,
  sse_broadcast,
  sse_send,
  sse_stats,
  admin_nodes,
  admin_node,
  admin_rooms,
  admin_room,
  admin_users,
  admin_user,
  admin_sessions,
  admin_session,
  admin_stats,
  admin_kick_session,
  admin_kick_user,
  admin_drain,
  admin_log_level,
  admin_config,
  admin_trace,
};

struct api_request {
  api_op op;
  identity_ptr who;
  identity_ptr new_token;  ///< session_token only
  std::string name;        ///< first path parameter: room, user, node, client id
  std::string member;      ///< second path parameter: user of a membership
  std::map<std::string, std::string> query;
  std::string body;
};

/// JSON answer. `body` may be empty (204).
struct api_reply {
  int status = 200;
  std::string body;
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
};

class service {
 public:
  virtual ~service() = default;
  /// Opens a session, or refuses. `loop` is the caller's.
  virtual void open(io_loop& loop, stream_request request,
                    std::unique_ptr<stream_responder> responder) = 0;
  /// Would open() be allowed? For HEAD.
  virtual result<void> check(const stream_request& request) = 0;
  /// One verdict per item, in order.
  virtual void publish(io_loop& loop, identity_ptr who, publish_batch batch,
                       std::function<void(std::vector<publish_verdict>)> done) = 0;
  virtual void call(io_loop& loop, api_request request, std::function<void(api_reply)> done) = 0;
  virtual net::health health() const = 0;
  /// Prometheus text.
  virtual std::string metrics_text() const = 0;
};

}  // namespace starling::net
