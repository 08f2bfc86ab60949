#include "apps/starlingctl/doctor/doctor.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/starlingctl/output/text.hpp"

namespace starling::ctl {
namespace {

void server_rule(const doctor_facts& facts, diagnosis& out) {
  if (facts.asked.reached) {
    out.passed("server", facts.server + " answers" +
                             (facts.asked_node.empty() ? "" : ", it is node " + facts.asked_node));
    return;
  }
  out.found({"server", "error", "nothing answers at " + facts.server, facts.asked.error,
             "start the node, or name the admin address of a node that runs: --server "
             "http://HOST:PORT, or STARLINGCTL_SERVER"});
}

void token_rule(const doctor_facts& facts, diagnosis& out) {
  const std::string answer = "GET /admin/v1/nodes answered " + std::to_string(facts.admin_status) +
                             (facts.admin_error.empty() ? "" : ": " + facts.admin_error);
  const std::string make =
      "make one with: starlingctl token create --user YOU --admin --secret SECRET";
  const auto exp_ms = int_at(facts.claims, "exp") * 1000;
  if (facts.admin_status == 401 && !facts.has_token) {
    out.found({"token", "error", "no token was given, so the cluster cannot be examined", answer,
               "give one with --token or STARLINGCTL_TOKEN; " + make});
  } else if (facts.admin_status == 401 && exp_ms > 0 && exp_ms < facts.now_ms) {
    out.found({"token", "error", "your own token has expired",
               "it expired " + relative_time(exp_ms, facts.now_ms), make});
  } else if (facts.admin_status == 401) {
    out.found({"token", "error", "the server does not accept your token", answer,
               "check that the token is signed with a key of this cluster (starlingctl token "
               "inspect TOKEN); " +
                   make});
  } else if (facts.admin_status == 403) {
    out.found({"token", "error", "your token has no admin permission", answer, make});
  } else if (facts.admin_status != 200) {
    out.found({"server", "error", "the server cannot say which nodes there are", answer,
               "read the log of the node at " + facts.server});
  } else {
    out.passed("token", "accepted, with admin permission, as " + text_at(facts.claims, "sub"));
  }
}

}  // namespace

void diagnosis::found(finding fault) {
  bool known = false;
  for (doctor_check& check : checks) {
    if (check.name != fault.check) continue;
    known = true;
    if (check.ok) check = {fault.check, false, fault.message};
  }
  if (!known) checks.push_back({fault.check, false, fault.message});
  findings.push_back(std::move(fault));
}

void diagnosis::passed(const std::string& check, const std::string& detail) {
  for (const doctor_check& known : checks) {
    if (known.name == check) return;
  }
  checks.push_back({check, true, detail});
}

void check_access(const doctor_facts& facts, diagnosis& out) {
  server_rule(facts, out);
  if (facts.asked.reached) token_rule(facts, out);
}

void check_clocks(const doctor_facts& facts, diagnosis& out) {
  constexpr std::int64_t tolerated_ms = 5000;
  const std::pair<const std::string, node_answer>* slow = nullptr;
  const std::pair<const std::string, node_answer>* fast = nullptr;
  for (const auto& entry : facts.direct) {
    if (!entry.second.clock_offset_ms) continue;
    if (!slow || *entry.second.clock_offset_ms < *slow->second.clock_offset_ms) slow = &entry;
    if (!fast || *entry.second.clock_offset_ms > *fast->second.clock_offset_ms) fast = &entry;
  }
  if (!slow || slow == fast) return;
  const auto apart = *fast->second.clock_offset_ms - *slow->second.clock_offset_ms;
  if (apart <= tolerated_ms) {
    out.passed("clock", "the nodes' clocks agree to " + human_seconds(tolerated_ms / 1000));
    return;
  }
  out.found({"clock", "warning",
             "the clock of node " + fast->first + " is " + human_seconds(apart / 1000) +
                 " ahead of node " + slow->first,
             "the Date of their answers to GET /readyz",
             "run NTP on both machines: tokens expire and sessions are ordered by these clocks"});
}

diagnosis diagnose(const doctor_facts& facts) {
  diagnosis out;
  check_access(facts, out);
  if (!facts.asked.reached) return out;
  check_nodes(facts, out);
  check_clocks(facts, out);
  if (facts.sessions_known) check_sessions(facts, out);
  if (facts.user) check_user(facts, out);
  if (facts.room) check_room(facts, out);
  return out;
}

std::string render_diagnosis(const diagnosis& result) {
  std::string out;
  for (const doctor_check& check : result.checks) {
    std::string name = check.name;
    name.resize(std::max<std::size_t>(name.size(), 9), ' ');
    out += (check.ok ? "ok    " : "FAIL  ") + name + " " + printable(check.detail) + "\n";
  }
  if (result.findings.empty()) {
    return out +
           "\nNothing found. For one person or room: starlingctl doctor --user USER --room ROOM\n";
  }
  out += "\n" + count_of(result.findings.size(), "finding") + "\n";
  for (std::size_t i = 0; i < result.findings.size(); ++i) {
    const finding& f = result.findings[i];
    out += "\n" + std::to_string(i + 1) + ". " + f.severity + ": " + printable(f.message) + "\n";
    if (!f.evidence.empty()) out += "   seen:   " + printable(f.evidence) + "\n";
    out += "   to do:  " + printable(f.fix) + "\n";
  }
  return out;
}

json diagnosis_json(const diagnosis& result) {
  json answer{{"findings", json::array()}, {"checks", json::array()}};
  for (const finding& f : result.findings) {
    answer["findings"].push_back({{"check", f.check},
                                  {"severity", f.severity},
                                  {"message", f.message},
                                  {"evidence", f.evidence},
                                  {"fix", f.fix}});
  }
  for (const doctor_check& c : result.checks) {
    answer["checks"].push_back({{"name", c.name}, {"ok", c.ok}, {"detail", c.detail}});
  }
  return answer;
}

}  // namespace starling::ctl
