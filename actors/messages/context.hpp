/// What every actor of a node may use: its options, its colleagues' addresses, the engine.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "actors/base/locator.hpp"
#include "actors/base/options.hpp"
#include "actors/base/outbox_budget.hpp"
#include "actors/base/return_pace.hpp"
#include "actors/messages/bridge_inbox.hpp"
#include "actors/messages/connection_inbox.hpp"
#include "actors/messages/fanout_inbox.hpp"
#include "actors/messages/publisher_inbox.hpp"
#include "actors/messages/roster_inbox.hpp"
#include "actors/runtime/shard.hpp"
#include "cluster/engine.hpp"
#include "net/base/ids.hpp"
#include "net/service.hpp"

namespace starling::actors {

/// What others may know of a partition's bridge.
struct partition_state {
  std::atomic<epoch_id> epoch{0};
  std::atomic<sequence> position{0};      ///< last stored event this node has handled
  std::atomic<bool> ready{false};         ///< connected, epoch known
  std::atomic<bool> caught_up{false};     ///< nothing is read again, nothing is missing
  std::atomic<std::uint64_t> waiting{0};  ///< events that came and wait for earlier ones

  cursor here() const noexcept {
    return {epoch.load(std::memory_order_relaxed), position.load(std::memory_order_relaxed)};
  }
};

/// Outlives every actor. Handles are set before the first message and not changed after.
struct node_context {
  node_options options;
  std::atomic<std::size_t> max_sessions{0};  ///< of this node; 0: no limit. May change any time
  /// Of an event's data. May change any time.
  std::atomic<std::size_t> max_event_bytes{std::numeric_limits<std::size_t>::max()};
  cluster::engine* engine = nullptr;
  bool clustered = false;  ///< other nodes are possible
  /// Verifies a token that came in-band (WebSocket `auth`). Any thread.
  std::function<result<net::identity_ptr>(std::string_view)> verify_token;

  outbox_budget outboxes{options.outbox};
  return_pace returns{options};

  shard_metrics* home_metrics = nullptr;  ///< of actors without a shard (tests)

  session_locator* locator = nullptr;

  // Where sources of memberships are asked; empty in tests. Any thread.
  bool asks_sources() const noexcept { return !options.membership.sources.empty(); }
  /// Tells all other nodes that a room was named, or all nodes what may have changed.
  std::function<void(const tenant_id&, const std::string& room, sequence position)> tell_of_room;
  std::function<void(const cluster::membership_news&)> tell_of_membership;
  /// Called with what sources say, besides the roster's own changes.
  std::function<void(const cluster::roster_entry&, bool member)> membership_learnt;
  /// What the roster remembers of sources, for metrics.
  struct {
    std::atomic<std::size_t> users{0};
    std::atomic<std::size_t> memberships{0};
    std::atomic<std::uint64_t> hits{0}, misses{0}, stale{0};
  } source_cache;

  std::vector<handle<bridge_inbox>> bridges;  ///< by partition
  handle<roster_inbox> roster;
  std::vector<handle<fanout_inbox>> fanouts;        ///< by shard
  std::vector<handle<publisher_inbox>> publishers;  ///< by shard

  std::atomic<bool> draining{false};
  std::atomic<bool> roster_ready{false};
  std::atomic<std::size_t> other_nodes{0};  ///< alive, besides this one
  std::atomic<std::size_t> sessions{0};     ///< open on this node
  std::atomic<std::size_t> rooms{0};
  std::atomic<std::size_t> users{0};

  std::deque<partition_state> partitions{1};  ///< as many as the engine has
  std::vector<shard*> shards;                 ///< none in tests: the system's scheduler does it

  partition_state& partition(cluster::partition_id p) { return partitions[cluster::index_of(p)]; }
  const partition_state& partition_of(const tenant_id& tenant) const {
    return partitions[cluster::index_of(cluster::partition_of(tenant, partitions.size()))];
  }
  const handle<bridge_inbox>& bridge_of(const tenant_id& tenant) const {
    return bridges[cluster::index_of(cluster::partition_of(tenant, partitions.size()))];
  }
  /// Every partition is connected, and its epoch known.
  bool engine_ready() const noexcept {
    return std::all_of(partitions.begin(), partitions.end(),
                       [](const partition_state& each) { return each.ready.load(); });
  }
  /// Where the partition of `tenant` stands.
  cursor here(const tenant_id& tenant) const noexcept { return partition_of(tenant).here(); }
  /// Where a live channel's actor lives: hashed, so that no shard has more of them than others.
  shard* home_of(const channel& live) const {
    return shards.empty() ? nullptr : shards[std::hash<channel>{}(live) % shards.size()];
  }
  /// How long a client is told to wait before it comes back.
  std::chrono::milliseconds retry_told() const {
    return returns.told(sessions.load(std::memory_order_relaxed), steady_clock::now());
  }
};

}  // namespace starling::actors
