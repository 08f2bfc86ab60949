/// What every actor of a node may use: its options, its colleagues' addresses, the engine.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/base/locator.hpp"
#include "actors/base/options.hpp"
#include "actors/base/outbox_budget.hpp"
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

  session_locator* locator = nullptr;

  handle<bridge_inbox> bridge;
  handle<roster_inbox> roster;
  std::vector<handle<fanout_inbox>> fanouts;        ///< by shard
  std::vector<handle<publisher_inbox>> publishers;  ///< by shard

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
