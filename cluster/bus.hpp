/// What nodes tell each other, and which channels this node hears.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "cluster/event_log.hpp"
#include "cluster/partition.hpp"
#include "net/base/event.hpp"
#include "net/base/result.hpp"

namespace starling::cluster {

/// What the engine delivers. Calls never overlap and come in the order in which the engine sent
/// it. They must not block, and must not call `stop`; every other call is allowed.
class bus_listener {
 public:
  virtual ~bus_listener() = default;

  /// A stored event of a followed channel, in ascending `seq` over all channels of the partition as
  /// long as the engine connection lives (but for event_log::disorder); also one that nobody can
  /// read (`unreadable`).
  virtual void on_stored(partition_id p, stored_event stored) = 0;
  /// An event of a followed channel that is not stored.
  virtual void on_ephemeral(event event) = 0;
  /// What another node said of a followed channel: of a user's sessions there (never this node's
  /// own words).
  virtual void on_control(channel channel, std::string payload) = 0;
  /// A node's heartbeat, this node's own included when it comes back.
  virtual void on_announcement(std::string payload) = 0;
  /// A question from another node; call `reply` once, from any thread.
  virtual void on_request(std::string payload, std::function<void(std::string)> reply) = 0;
  /// The engine became usable (also after an outage: everything may have been missed), or went
  /// away. In between nothing else is delivered: true comes before the first message of the new
  /// connection, and after it every followed channel is heard. `detail` is for people.
  virtual void on_engine(bool up, std::string detail) = 0;
  /// Leadership of a partition's stream changed hands: stored events may have been lost on their
  /// way here.
  virtual void on_store_leader_changed(partition_id p) = 0;
  /// The store can never be used as this node is configured (another number of partitions): the
  /// process should end. Nothing else is heard afterwards. `why`: for people, with the way out.
  virtual void on_engine_misconfigured(std::string why) = 0;
};

/// Answers to a question put to all other nodes.
struct node_reply {
  node_id from;
  std::string payload;
};

/// Messages between nodes. Implementations: memory_bus, nats_bus. Calls never block; any thread.
class bus {
 public:
  virtual ~bus() = default;

  /// Connects (nats: keeps trying for ever) and starts calling `listener`, which must outlive
  /// stop().
  virtual void start(bus_listener& listener) = 0;
  /// After this returns the listener is not called any more.
  virtual void stop() = 0;
  virtual bool connected() const noexcept = 0;
  /// Why it is not connected, for people; empty when it is, or when that is not known yet.
  virtual std::string why_away() const { return {}; }

  /// Hear stored, ephemeral and control messages of `channel`. Not counted: one unfollow ends it.
  virtual void follow(const channel_ptr& channel) = 0;
  virtual void unfollow(const channel& channel) = 0;

  /// Hands an event that is not stored to the engine. Errors: unavailable, too_large.
  virtual result<void> send_ephemeral(const event& event) = 0;
  /// To the other nodes that follow the channel; lost when the engine is away.
  virtual void send_control(const channel& channel, std::string payload) = 0;
  /// This node's heartbeat, to all nodes.
  virtual void announce(std::string payload) = 0;

  /// Asks one other node. Errors: timeout, unavailable, not_found (nobody listens under that id).
  virtual void ask(const node_id& node, std::string payload, std::chrono::milliseconds deadline,
                   completion<std::string> done) = 0;
  /// Asks all other nodes; `done` when `expected` have answered or at the deadline.
  virtual void ask_all(std::string payload, std::size_t expected,
                       std::chrono::milliseconds deadline,
                       std::function<void(std::vector<node_reply>)> done) = 0;
};

}  // namespace starling::cluster
