// What a node says of itself every second.
#include <boost/asio/post.hpp>

#include "actors/api/process_usage.hpp"
#include "actors/node/node.hpp"
#include "net/base/log.hpp"

namespace starling::actors {

void node::every_second() {
  if (!second_) return;
  second_->expires_after(std::chrono::seconds(1));
  second_->async_wait([this](auto cancelled) {
    if (!cancelled) every_second();
  });
  for (const auto& each : context_.bridges) each.send(tick{});
  context_.roster.send(tick{});
  announce(false);
  for (auto& gone : nodes_.newly_gone(steady_clock::now())) {
    log::warn("node gone", {{"node", gone.str()}});
    for (const auto& each : context_.bridges) each.send(node_gone{gone});
  }
  context_.other_nodes = nodes_.others(steady_clock::now()).size();
}

void node::announce_soon() {
  boost::asio::post(loops_.front()->context(), [this] {
    if (second_) announce(false);
  });
}

void node::announce(bool leaving) {
  const auto now = measure();
  nodes_.heard(now, leaving, steady_clock::now());
  engine_->messages().announce(encode(announcement{now, leaving}));
}

net::node_info node::measure() {
  auto out = self_;
  std::uint64_t events_in = 0;
  std::uint64_t deliveries = 0;
  for (const auto* loop : loops_) {
    const auto& m = loop->metrics();
    for (const auto& c : m.events_in) events_in += c.get();
    for (const auto& c : m.deliveries) deliveries += c.get();
    out.outbox_bytes += m.outbox_bytes.get();
  }
  const auto usage = process_usage::now();
  const auto at = steady_clock::now();
  const double seconds = std::chrono::duration<double>(at - last_.at).count();
  if (seconds >= 0.5) {
    self_.events_in_per_s = static_cast<double>(events_in - last_.events_in) / seconds;
    self_.deliveries_per_s = static_cast<double>(deliveries - last_.deliveries) / seconds;
    self_.cpu = (usage.cpu_seconds - last_.cpu_seconds) / seconds;
    last_ = {events_in, deliveries, usage.cpu_seconds, at};
    out.events_in_per_s = self_.events_in_per_s;
    out.deliveries_per_s = self_.deliveries_per_s;
    out.cpu = self_.cpu;
  }
  out.rss_bytes = usage.rss_bytes;
  out.uptime_s = (wall_ms() - self_.started_ms) / 1000;
  out.sessions = context_.sessions;
  out.rooms = context_.rooms;
  out.users = context_.users;
  out.engine_connected = engine_->messages().connected();
  out.draining = context_.draining;
  out.ready = health().ready;
  return out;
}

}  // namespace starling::actors
