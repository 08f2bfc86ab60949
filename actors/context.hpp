/// What every actor of a node may use: its options, its colleagues' addresses, the engine.
#pragma once

#include <atomic>
#include <caf/actor.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/feed_state.hpp"
#include "actors/outbox_budget.hpp"
#include "actors/reach.hpp"
#include "actors/runtime/shard.hpp"
#include "actors/session_table.hpp"
#include "cluster/engine.hpp"
#include "net/base/ids.hpp"

namespace starling::actors {

/// The slow look for stored events that never reached this node and that no later one tells of.
/// A full cycle over n live channels takes at most a second more than `cycle`, or than n /
/// `channels_per_second` if that is more: 10,000 channels 51 s. A question costs the store 0.03 ms.
struct sweep_options {
  std::size_t channels_per_second = 200;
  std::chrono::seconds cycle{10};
};

/// Fixed for the life of a node.
struct node_options {
  node_id id;
  node_tag32 tag = 0;
  std::string version;
  std::chrono::milliseconds heartbeat{30000};
  std::chrono::milliseconds drain_window{10000};
  std::chrono::milliseconds retry{2000};  ///< of goodbyes and `connected`, before jitter
  session_policy sessions;
  outbox_options outbox;
  cluster::history_limits history;
  ring_limits ring;
  sweep_options sweep;
};

/// Outlives every actor. Handles are set before the first message and not changed after.
struct node_context {
  node_options options;
  std::atomic<std::size_t> max_sessions{0};  ///< of this node; 0: no limit. May change any time
  cluster::engine* engine = nullptr;
  bool clustered = false;  ///< other nodes are possible
  /// Verifies a token that came in-band (WebSocket `auth`). Any thread.
  std::function<result<net::identity_ptr>(std::string_view)> verify_token;

  outbox_budget outboxes{options.outbox};

  shard_metrics* home_metrics = nullptr;  ///< of the bridge's shard

  session_reach* reach = nullptr;

  caf::actor bridge;
  caf::actor roster;
  std::vector<caf::actor> fanouts;     ///< by shard
  std::vector<caf::actor> publishers;  ///< by shard

  std::atomic<bool> draining{false};
  std::atomic<bool> engine_ready{false};  ///< connected, epoch known
  std::atomic<bool> roster_ready{false};
  std::atomic<epoch_id> epoch{0};
  std::atomic<sequence> position{0};        ///< last stored event this node has handled
  std::atomic<std::size_t> other_nodes{0};  ///< alive, besides this one
  std::atomic<std::size_t> sessions{0};     ///< open on this node
  std::atomic<std::size_t> rooms{0};
  std::atomic<std::size_t> users{0};

  cursor here() const noexcept {
    return {epoch.load(std::memory_order_relaxed), position.load(std::memory_order_relaxed)};
  }
  /// `base` with up to half of it added or taken away, so that clients do not come back together.
  static std::chrono::milliseconds jittered(std::chrono::milliseconds base);
};

}  // namespace starling::actors
