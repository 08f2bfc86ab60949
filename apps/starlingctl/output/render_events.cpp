/// The part of render.hpp about what flows: rosters, presence, history, counters, traces.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "apps/starlingctl/output/render.hpp"
#include "apps/starlingctl/output/table.hpp"
#include "apps/starlingctl/output/text.hpp"

namespace starling::ctl {
namespace {

struct trace_hop {
  double ms;  ///< since the trace began
  std::string name;
};

/// Nodes in the order in which they are named first, each with its hops by time: threads of one
/// node report in any order.
std::vector<std::pair<std::string, std::vector<trace_hop>>> hops_by_node(const json& trace) {
  std::vector<std::pair<std::string, std::vector<trace_hop>>> out;
  for (const json& hop : list_at(trace, "hops")) {
    const auto node = text_at(hop, "node");
    auto found = std::ranges::find(out, node, &decltype(out)::value_type::first);
    if (found == out.end()) found = out.insert(out.end(), {node, {}});
    found->second.push_back({real_at(hop, "ms"), text_at(hop, "hop")});
  }
  for (auto& [node, hops] : out) std::ranges::stable_sort(hops, {}, &trace_hop::ms);
  return out;
}

std::string disagreeing_clocks(const json& trace) {
  std::string out;
  for (const json& clock : list_at(trace, "clocks")) {
    const auto ahead = real_at(clock, "ahead_ms");
    out += "clocks disagree: that of " + printable(text_at(clock, "node")) + " is at least " +
           human_ms(std::abs(ahead)) + (ahead < 0 ? " behind" : " ahead of") +
           " that of the node that was asked; latencies of deliveries between them are wrong by as "
           "much or more\n";
  }
  return out;
}

}  // namespace

std::string render_members(const json& answer, const std::string& room) {
  table rows({"USER", "SINCE"});
  for (const json& m : list_at(answer, "members")) {
    rows.add({text_at(m, "user"), utc_time(int_at(m, "since"))});
  }
  if (!rows.empty()) return rows.str();
  return "the roster of room " + printable(room) +
         " is empty (sessions whose token or request names the room may still be in it: "
         "starlingctl room " +
         printable(room) + ")\n";
}

std::string render_presence(const json& presence, std::int64_t now_ms) {
  table rows({"USER", "STATE", ">SESSIONS", "SINCE"});
  for (const json& u : list_at(presence, "users")) {
    rows.add({text_at(u, "user"), text_at(u, "state"), text_at(u, "sessions"),
              relative_time(int_at(u, "since"), now_ms)});
  }
  const std::string head = "room " + printable(text_at(presence, "room")) + ": " +
                           count_of(static_cast<std::uint64_t>(int_at(presence, "count")), "user") +
                           " online\n";
  return rows.empty() ? head : head + rows.str();
}

std::string render_history(const json& answer, const std::string& room) {
  table rows({"TIME", "ID", "EVENT", "SENDER", "DATA"});
  for (const json& e : list_at(answer, "events")) {
    rows.add({utc_time(int_at(e, "ts")), text_at(e, "id"), text_at(e, "event"),
              text_at(e, "sender"), e.contains("data") ? payload_text(e["data"]) : ""});
  }
  if (rows.empty()) return "no stored events in room " + printable(room) + "\n";
  return rows.str();
}

std::string render_stats(const json& stats) {
  const auto bytes = [&](const char* key) {
    return human_bytes(static_cast<std::uint64_t>(std::max<std::int64_t>(0, int_at(stats, key))));
  };
  const json& nodes = list_at(stats, "nodes");
  return fields({{"nodes", nodes.empty() ? text_at(stats, "nodes") : std::to_string(nodes.size())},
                 {"answered", joined(texts_at(stats, "replied"))},
                 {"sessions", text_at(stats, "sessions")},
                 {"rooms", text_at(stats, "rooms")},
                 {"users", text_at(stats, "users")},
                 {"events in", text_at(stats, "events_in")},
                 {"deliveries", text_at(stats, "deliveries")},
                 {"bytes out", bytes("bytes_out")},
                 {"sessions opened", text_at(stats, "opened")},
                 {"sessions closed", text_at(stats, "closed")},
                 {"events dropped", text_at(stats, "dropped")},
                 {"queued for clients", bytes("outbox_bytes")}});
}

std::string render_trace(const json& trace) {
  std::string out = "trace " + printable(text_at(trace, "trace_id")) + " in room " +
                    printable(text_at(trace, "room")) + ": stored after " +
                    human_ms(real_at(trace, "stored_ms")) + "\n";
  const auto nodes = hops_by_node(trace);
  if (nodes.empty()) return out + "no node reported a hop: nobody in this room is online\n";
  table rows({"NODE", "HOP", ">AFTER", ">STEP"});
  for (const auto& [node, hops] : nodes) {
    // Nodes run side by side: a step is only meaningful within one.
    double before = 0;
    for (const auto& hop : hops) {
      rows.add({node, hop.name, human_ms(hop.ms), human_ms(hop.ms - before)});
      before = hop.ms;
    }
  }
  return out + rows.str() + disagreeing_clocks(trace);
}

}  // namespace starling::ctl
