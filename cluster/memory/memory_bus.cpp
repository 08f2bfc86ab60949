#include "cluster/memory/memory_bus.hpp"

namespace starling::cluster {

void memory_bus::start(bus_listener& listener) {
  const std::lock_guard hold(*lock_);
  listener_ = &listener;
  listener.on_engine(true, "embedded engine");
}

void memory_bus::stop() {
  const std::lock_guard hold(*lock_);
  listener_ = nullptr;
}

void memory_bus::follow(const channel_ptr& channel) {
  const std::lock_guard hold(*lock_);
  followed_.insert(channel);
}

void memory_bus::unfollow(const channel& channel) {
  const std::lock_guard hold(*lock_);
  if (const auto found = followed_.find(channel); found != followed_.end()) followed_.erase(found);
}

result<void> memory_bus::send_ephemeral(const event& event) {
  const std::lock_guard hold(*lock_);
  if (listener_ && followed_.contains(event.channel)) listener_->on_ephemeral(event);
  return {};
}

// There is no other node to tell.
void memory_bus::send_control(const channel&, std::string) {}

void memory_bus::announce(std::string payload) {
  const std::lock_guard hold(*lock_);
  if (listener_) listener_->on_announcement(std::move(payload));
}

void memory_bus::ask(const node_id& node, std::string, std::chrono::milliseconds,
                     completion<std::string> done) {
  done(error{errc::not_found, "no node '" + node.str() + "': this node runs alone"});
}

void memory_bus::ask_all(std::string, std::size_t, std::chrono::milliseconds,
                         std::function<void(std::vector<node_reply>)> done) {
  done({});
}

void memory_bus::deliver(partition_id p, const stored_event& stored) {
  if (listener_ && followed_.contains(stored.event.channel)) listener_->on_stored(p, stored);
}

}  // namespace starling::cluster
