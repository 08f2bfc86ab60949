/// Rules of doctor.hpp about nodes and their engine.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/starlingctl/doctor/doctor.hpp"
#include "apps/starlingctl/output/text.hpp"

namespace starling::ctl {
namespace {

bool is_engine_check(const std::string& name) {
  return name.find("engine") != name.npos || name.find("nats") != name.npos;
}

bool is_drain_check(const std::string& name) { return name.find("drain") != name.npos; }

/// The failing checks of a readiness answer that are neither engine nor drain.
std::vector<std::string> other_failures(const node_answer& answer) {
  std::vector<std::string> failures;
  for (const json& check : list_at(answer.ready, "checks")) {
    const std::string name = text_at(check, "name");
    if (flag_at(check, "ok") || is_engine_check(name) || is_drain_check(name)) continue;
    failures.push_back(name + ": " + text_at(check, "detail"));
  }
  return failures;
}

std::string engine_detail(const node_answer& answer) {
  for (const json& check : list_at(answer.ready, "checks")) {
    if (!flag_at(check, "ok") && is_engine_check(text_at(check, "name"))) {
      return text_at(check, "name") + ": " + text_at(check, "detail");
    }
  }
  return {};
}

/// The freshest word on a node: its own, else what it announced.
const node_answer* own_answer(const doctor_facts& facts, const std::string& id) {
  if (id == facts.asked_node) return &facts.asked;
  const auto found = facts.direct.find(id);
  return found == facts.direct.end() || !found->second.reached ? nullptr : &found->second;
}

bool lost_engine(const doctor_facts& facts, const json& node) {
  if (const node_answer* own = own_answer(facts, text_at(node, "id"))) return engine_away(*own);
  return text_at(node, "state") != "gone" && node.contains("engine") &&
         !flag_at(node["engine"], "connected");
}

void engine_rule(const doctor_facts& facts, diagnosis& out) {
  std::vector<std::string> lost;
  for (const json& node : facts.nodes) {
    if (lost_engine(facts, node)) lost.push_back(text_at(node, "id"));
  }
  if (lost.empty() && engine_away(facts.asked)) lost.push_back("at " + facts.server);
  if (lost.empty()) {
    out.passed("engine", facts.nodes.empty() ? "the server is connected to its engine"
                                             : "every node is connected to its engine");
    return;
  }
  const std::string nodes = (lost.size() == 1 ? "node " : "nodes ") + joined(lost);
  const std::string detail = engine_detail(facts.asked);
  out.found({"engine", "error",
             "NATS is away from " + nodes + ": no event can be published or delivered there",
             detail.empty() ? nodes + " said so" : "GET /readyz of " + facts.server + ": " + detail,
             "start nats-server (with JetStream), or check that these nodes reach the nats.url of "
             "their configuration (starlingctl config show); they catch up by "
             "themselves; then run doctor again"});
}

/// It said that it would leave, and left: no fault.
bool has_left(const json& node) {
  return text_at(node, "state") == "gone" && flag_at(node, "draining");
}

void state_rule(const doctor_facts& facts, const json& node, diagnosis& out) {
  const std::string id = text_at(node, "id");
  const std::string state = text_at(node, "state");
  if (state == "gone" && !has_left(node)) {
    out.found({"nodes", "error", "node " + id + " is gone: its clients are without it",
               "it has not announced itself for 10 s", "restart node " + id + ", or read its log"});
  } else if (state == "suspect") {
    out.found({"nodes", "warning", "node " + id + " has fallen silent",
               "it has not announced itself for 3 s",
               "look whether its process runs, is overloaded, or has lost NATS"});
  }
  if (state == "gone" || state == "draining" || flag_at(node, "draining")) return;
  const node_answer* own = own_answer(facts, id);
  const auto failures = own ? other_failures(*own) : std::vector<std::string>{};
  if (!failures.empty()) {
    out.found({"nodes", "error", "node " + id + " is not ready: it takes no new clients",
               joined(failures, "; "), "mend what the check names; the node's log says more"});
  } else if (!own && state == "alive" && !flag_at(node, "ready") && !lost_engine(facts, node)) {
    out.found({"nodes", "error", "node " + id + " is not ready: it takes no new clients",
               "it announces ready: false", "ask it why: GET /readyz on its admin listener"});
  }
  const auto direct = facts.direct.find(id);
  if (state == "alive" && direct != facts.direct.end() && !direct->second.reached) {
    out.found({"nodes", "warning",
               "node " + id + " is alive, but its admin listener does not answer",
               direct->second.error, "look whether the node hangs or a firewall is between"});
  }
}

void missing_rule(const doctor_facts& facts, diagnosis& out) {
  for (const std::string& id : facts.missing) {
    bool explained = std::any_of(facts.nodes.begin(), facts.nodes.end(), [&](const json& node) {
      return text_at(node, "id") == id && has_left(node);
    });
    for (const finding& f : out.findings) {
      explained = explained || (f.check == "nodes" && f.message.starts_with("node " + id + " "));
    }
    if (explained) continue;
    out.found({"nodes", "error", "node " + id + " does not answer questions of the cluster",
               "it is missing from an answer that " + facts.server + " collected",
               "look whether it is overloaded or cut off from NATS"});
  }
}

}  // namespace

bool engine_away(const node_answer& answer) {
  for (const json& check : list_at(answer.ready, "checks")) {
    if (!flag_at(check, "ok") && is_engine_check(text_at(check, "name"))) return true;
  }
  return false;
}

void check_nodes(const doctor_facts& facts, diagnosis& out) {
  engine_rule(facts, out);
  if (facts.nodes.empty()) {
    // Without admin rights /readyz of the server is all there is to see.
    if (const auto failures = other_failures(facts.asked); !failures.empty()) {
      out.found({"nodes", "error", "the node at " + facts.server + " is not ready",
                 joined(failures, "; "), "mend what the check names; the node's log says more"});
    }
    return;
  }
  std::vector<std::string> leaving;
  for (const json& node : facts.nodes) {
    state_rule(facts, node, out);
    if (text_at(node, "state") == "draining") leaving.push_back(text_at(node, "id"));
  }
  missing_rule(facts, out);
  out.passed("nodes", count_of(facts.nodes.size(), "node") + ", none in trouble" +
                          (leaving.empty() ? "" : "; draining: " + joined(leaving)));
}

}  // namespace starling::ctl
