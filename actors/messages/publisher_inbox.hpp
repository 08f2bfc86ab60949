/// What the publisher of a shard takes.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "actors/runtime/inbox.hpp"
#include "cluster/event_log.hpp"
#include "net/base/metrics.hpp"
#include "net/service.hpp"

namespace starling::actors {

/// connection, node -> publisher: publish for this client. `done` is called inside the publisher
/// with one verdict per item, in order: it only hands them on (to an actor, or `back_on` a loop),
/// since a fault in it would end the publisher and with it the node.
struct publish_request {
  net::identity_ptr caller;
  std::shared_ptr<net::publish_batch> batch;
  event_source source;
  std::function<void(std::vector<net::publish_verdict>)> done;
};

/// store (any thread) -> publisher: one event of a request was stored, or not.
struct append_done {
  std::uint64_t request;
  std::size_t append;  ///< index among the request's appends
  result<cluster::append_ack> ack;
};

/// node -> publisher: the answer of the node that holds a session.
struct client_reached {
  std::uint64_t request;
  std::size_t append;
  result<void> reached;
};

/// Taken by publish/publisher.cpp.
class publisher_inbox : public inbox<publish_request, append_done, client_reached> {
 public:
  using inbox::inbox;
};

}  // namespace starling::actors
