#include "actors/base/node_directory.hpp"

#include <utility>

namespace starling::actors {

node_directory::news node_directory::heard(const net::node_info& from, bool leaving,
                                           steady_time now) {
  const std::lock_guard guard(lock_);
  if (nodes_.size() >= max_nodes && !nodes_.contains(from.id)) return news::refused;
  auto& e = nodes_[from.id];
  if (from.started_ms < e.last.started_ms && !e.left && now - e.heard < suspect_after)
    return news::superseded;
  const bool restarted = !e.last.id.empty() && e.last.started_ms != from.started_ms;
  const bool joined = e.last.id.empty() || e.reported_gone || restarted;
  if (restarted && !e.reported_gone) restarted_.emplace_back(from.id);
  e.last = from;
  e.heard = now;
  e.left = leaving;
  if (!leaving) e.reported_gone = false;
  return joined ? news::joined : news::none;
}

std::vector<node_id> node_directory::newly_gone(steady_time now) {
  const std::lock_guard guard(lock_);
  auto out = std::exchange(restarted_, {});
  for (auto at = nodes_.begin(); at != nodes_.end();) {
    auto& [id, e] = *at;
    if (!e.reported_gone && state(e, now) == "gone") {
      e.reported_gone = true;
      out.emplace_back(id);
    }
    at = now - e.heard >= forgotten_after ? nodes_.erase(at) : std::next(at);
  }
  return out;
}

std::vector<net::node_info> node_directory::nodes(steady_time now) const {
  const std::lock_guard guard(lock_);
  std::vector<net::node_info> out;
  for (const auto& [id, e] : nodes_) {
    out.push_back(e.last);
    out.back().state = state(e, now);
  }
  return out;
}

std::optional<net::node_info> node_directory::find(const std::string& id, steady_time now) const {
  const std::lock_guard guard(lock_);
  const auto found = nodes_.find(id);
  if (found == nodes_.end()) return std::nullopt;
  auto out = found->second.last;
  out.state = state(found->second, now);
  return out;
}

std::vector<std::string> node_directory::others(steady_time now) const {
  const std::lock_guard guard(lock_);
  std::vector<std::string> out;
  for (const auto& [id, e] : nodes_)
    if (id != self_.str() && state(e, now) != "gone") out.push_back(id);
  return out;
}

std::optional<node_id> node_directory::owner(node_tag32 tag, steady_time now) const {
  const std::lock_guard guard(lock_);
  for (const auto& [id, e] : nodes_)
    if (e.last.tag == tag && state(e, now) != "gone") return node_id{id};
  return std::nullopt;
}

std::string node_directory::state(const entry& e, steady_time now) const {
  const auto silent = now - e.heard;
  if (e.left || silent >= gone_after) return "gone";
  if (silent >= suspect_after) return "suspect";
  return e.last.draining ? "draining" : "alive";
}

}  // namespace starling::actors
