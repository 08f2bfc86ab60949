/// What a node tells administrators and other nodes about itself. JSON is made in `admin_codec`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace starling::net {

/// One node, as it announces itself every second. Rates are per second over the last second.
struct node_info {
  std::string id;
  std::uint32_t tag = 0;  ///< leading 32 bits of the ids of its sessions
  std::string state;      ///< alive | suspect | gone | draining; set by the reader
  std::string public_address;
  std::string admin_address;
  std::string version;
  std::int64_t started_ms = 0;
  std::int64_t uptime_s = 0;
  std::uint64_t sessions = 0;
  std::uint64_t rooms = 0;
  std::uint64_t users = 0;
  double events_in_per_s = 0;
  double deliveries_per_s = 0;
  std::uint64_t outbox_bytes = 0;
  double cpu = 0;  ///< cores in use
  std::uint64_t rss_bytes = 0;
  std::string engine_kind;
  bool engine_connected = false;
  bool ready = false;
  bool draining = false;
};

/// How far a node is in a partition of the store.
struct partition_info {
  std::uint32_t partition = 0;
  std::uint64_t position = 0;  ///< last stored event that the node has handled; 0: none
  std::uint64_t lag = 0;       ///< events it has not handled: while in order those that wait for an
                               ///< earlier one, else all stored after `position`
  std::string leader;          ///< server that leads the stream; empty: unknown
};

struct session_info {
  std::string client_id;
  std::string user;
  std::string tenant;
  std::string node;
  std::string transport;
  std::string device;
  std::string remote;
  std::vector<std::string> rooms;
  std::int64_t opened_ms = 0;
  std::int64_t expires_ms = 0;
  std::uint64_t delivered = 0;
  std::uint64_t queued_events = 0;
  std::uint64_t queued_bytes = 0;
  std::string position;
  std::string state;   ///< presence state: online | away | ...
  std::string detail;  ///< what a dialect's view says of it, JSON; empty: nothing
  std::uint64_t bytes_out = 0;
  std::int64_t last_activity_ms = 0;  ///< when its peer was last known to have got something
};

/// A live room, or a user, on one node.
struct room_info {
  std::string room;
  std::string tenant;
  std::uint64_t members = 0;  ///< sessions
};

struct node_stats {
  std::uint64_t sessions = 0;
  std::uint64_t rooms = 0;
  std::uint64_t users = 0;
  std::uint64_t events_in = 0;
  std::uint64_t deliveries = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t opened = 0;
  std::uint64_t closed = 0;
  std::uint64_t dropped = 0;
  std::uint64_t outbox_bytes = 0;
};

/// Online user of a room.
struct presence_user {
  std::string user;
  std::string state;
  std::uint64_t sessions = 0;
  std::int64_t since_ms = 0;
};

}  // namespace starling::net
