/// Which nodes there are, by their heartbeats.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "net/base/clock.hpp"
#include "net/base/ids.hpp"
#include "net/wire/admin.hpp"

namespace starling::actors {

/// All nodes of the cluster, this one included. Any thread.
class node_directory {
 public:
  static constexpr std::chrono::seconds suspect_after{3};
  static constexpr std::chrono::seconds gone_after{10};
  static constexpr std::chrono::seconds forgotten_after{60};
  static constexpr std::size_t max_nodes = 1000;

  explicit node_directory(node_id self) : self_(std::move(self)) {}

  enum class news : std::uint8_t {
    none,
    joined,      ///< it was unknown, gone or restarted until now
    refused,     ///< there are max_nodes already
    superseded,  ///< a later life of the node is heard too: two nodes have one id; not listened to
  };
  /// A heartbeat. `leaving`: its last one; the node is gone at once.
  news heard(const net::node_info& from, bool leaving, steady_time now);
  /// Nodes that became gone, or began another life, since the last call.
  std::vector<node_id> newly_gone(steady_time now);

  /// Every node known, state filled in, in id order.
  std::vector<net::node_info> nodes(steady_time now) const;
  std::optional<net::node_info> find(const std::string& id, steady_time now) const;
  /// Ids of the other nodes that are not gone.
  std::vector<std::string> others(steady_time now) const;
  /// The node that opens sessions with this tag.
  std::optional<node_id> owner(node_tag32 tag, steady_time now) const;

 private:
  struct entry {
    net::node_info last;
    steady_time heard;
    bool left = false;
    bool reported_gone = false;
  };
  std::string state(const entry& e, steady_time now) const;

  const node_id self_;
  mutable std::mutex lock_;
  std::map<std::string, entry> nodes_;
  std::vector<node_id> restarted_;  ///< not reported yet: their former sessions are gone
};

}  // namespace starling::actors
