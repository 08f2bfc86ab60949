/// Counters of several parts of a node, or of several nodes, as one.
#pragma once

#include "net/wire/admin.hpp"

namespace starling::actors {

inline void add(net::node_stats& to, const net::node_stats& from) noexcept {
  to.sessions += from.sessions;
  to.rooms += from.rooms;
  to.users += from.users;
  to.events_in += from.events_in;
  to.deliveries += from.deliveries;
  to.bytes_out += from.bytes_out;
  to.opened += from.opened;
  to.closed += from.closed;
  to.dropped += from.dropped;
  to.outbox_bytes += from.outbox_bytes;
}

}  // namespace starling::actors
