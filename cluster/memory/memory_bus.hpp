/// The bus of a cluster of one: what this node sends comes back to it, in order.
#pragma once

#include <memory>
#include <mutex>
#include <unordered_set>

#include "cluster/bus.hpp"

namespace starling::cluster {

/// Held while an event is stored and delivered, so that the order of both is the same. Recursive,
/// because a listener may append or follow.
using memory_lock = std::recursive_mutex;

class memory_bus final : public bus {
 public:
  /// `lock`: shared with the memory_logs of the same engine.
  explicit memory_bus(std::shared_ptr<memory_lock> lock) : lock_(std::move(lock)) {}

  void start(bus_listener& listener) override;
  void stop() override;
  bool connected() const noexcept override { return true; }

  void follow(const channel_ptr& channel) override;
  void unfollow(const channel& channel) override;

  result<void> send_ephemeral(const event& event) override;
  void send_control(const channel& channel, std::string payload) override;
  void announce(std::string payload) override;
  void ask(const node_id& node, std::string payload, std::chrono::milliseconds deadline,
           completion<std::string> done) override;
  void ask_all(std::string payload, std::size_t expected, std::chrono::milliseconds deadline,
               std::function<void(std::vector<node_reply>)> done) override;

  /// Hands a stored event to the listener if it follows the channel. Call with the lock held.
  void deliver(partition_id p, const stored_event& stored);

 private:
  std::shared_ptr<memory_lock> lock_;
  bus_listener* listener_ = nullptr;
  std::unordered_set<channel_ptr, channel_by_text, channel_by_text> followed_;
};

}  // namespace starling::cluster
