// The way of an event through the cluster, with a time per hop.
#include <algorithm>
#include <cstdlib>

#include "actors/api/api_call.hpp"
#include "actors/api/clock_lead.hpp"
#include "actors/api/listing.hpp"
#include "net/base/clock.hpp"

namespace starling::actors {

namespace {

using json = api_call::json;

double ms_since(steady_time from) {
  return std::chrono::duration<double, std::milli>(steady_clock::now() - from).count();
}

/// Clocks that differ by less agree as well as NTP makes them.
constexpr std::int64_t tolerated_lead_ns = 1'000'000;

json hop_json(const std::string& node, const std::string& name, double ms) {
  return {{"node", node}, {"hop", name}, {"ms", ms}};
}

/// Of whom it is certain that they disagree with this node's. The times of hops are none of clocks.
json clocks_json(std::int64_t asked, const cluster_answer<trace_answer>& given) {
  const auto answered = wall_ns();
  auto out = json::array();
  for (const auto& part : given.parts) {
    if (part.body.heard_ns == 0) continue;
    const auto lead = clock_lead({asked, part.body.heard_ns, part.body.replied_ns, answered});
    if (std::abs(lead) < tolerated_lead_ns) continue;
    out.push_back({{"node", part.node}, {"ahead_ms", static_cast<double>(lead) / 1e6}});
  }
  return out;
}

/// Times of several nodes are counted from when each was asked, so they come in the order of the
/// clock and not of the list of nodes.
void answer_trace(const call_ptr& call, const std::string& id, double stored_ms,
                  steady_time started, std::int64_t asked,
                  const cluster_answer<trace_answer>& given) {
  const auto& self = call->parts.node.options.id.str();
  std::vector<json> hops{hop_json(self, "stored", stored_ms)};
  for (const auto& part : given.parts)
    for (const auto& hop : part.body.hops) {
      hops.push_back(hop_json(part.node, hop.name, stored_ms + static_cast<double>(hop.ns) / 1e6));
      if (hop.sessions) hops.back()["members"] = *hop.sessions;
    }
  hops.push_back(hop_json(self, "all nodes answered", ms_since(started)));
  std::stable_sort(hops.begin(), hops.end(), [](const json& a, const json& b) {
    return a["ms"].get<double>() < b["ms"].get<double>();
  });
  json out{{"room", call->request.name},
           {"trace_id", id},
           {"stored_ms", stored_ms},
           {"hops", std::move(hops)},
           {"clocks", clocks_json(asked, given)}};
  add_nodes(out, given);
  call->answer(out);
}

/// A probe goes the way of an event: into the store, and on each node through bridge, room and
/// shards. Clients see nothing of it.
void trace_room(const call_ptr& call) {
  auto& node = call->parts.node;
  const auto started = steady_clock::now();
  event probe;
  const auto partitions = node.engine->partitions();
  const auto home = cluster::partition_of(call->tenant, partitions);
  probe.channel = {cluster::node_tenant(home, partitions), channel_kind::client,
                   "trace:" + node.options.id.str()};
  probe.id = make_event_id();
  probe.name = "trace";
  probe.data = "{}";
  const auto id = probe.id;
  const auto stored = [call, started, id](const result<cluster::append_ack>& ack) {
    if (!ack) return call->fail(ack.error());
    const auto stored_ms = ms_since(started);
    call->parts.cluster.ask_all(call->loop, trace_question{call->tenant, call->request.name},
                                [call, id, stored_ms, started,
                                 asked = wall_ns()](const cluster_answer<trace_answer>& given) {
                                  answer_trace(call, id, stored_ms, started, asked, given);
                                });
  };
  auto& history = node.engine->history_of(probe.channel.tenant);
  history.append(std::move(probe), call->back(stored));
}

}  // namespace

api_rows trace_rows() {
  return {{net::http_method::post, "/admin/v1/rooms/{name}/trace", net::access::admin, trace_room,
           "tenant", small_body}};
}

}  // namespace starling::actors
