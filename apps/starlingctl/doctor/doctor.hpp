/// Why messages do not arrive: rules over what the cluster says about itself. Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "apps/starlingctl/output/json_view.hpp"

namespace starling::ctl {

/// Something that keeps messages from arriving, or soon will.
struct finding {
  std::string check;     ///< `server token engine nodes clock sessions user room`
  std::string severity;  ///< `error`: messages are lost or late now; `warning`: they may be
  std::string message;   ///< what
  std::string evidence;  ///< where that was seen
  std::string fix;       ///< what to do
};

/// One thing that was looked at.
struct doctor_check {
  std::string name;
  bool ok = true;
  std::string detail;
};

struct diagnosis {
  std::vector<finding> findings;
  std::vector<doctor_check> checks;

  /// Adds a finding and marks its check as failed.
  void found(finding fault);
  void passed(const std::string& check, const std::string& detail);
};

/// How one node answered `GET /readyz` on its own admin listener.
struct node_answer {
  bool reached = false;
  std::string error;                            ///< when not reached
  json ready;                                   ///< `{status, checks:[{name,ok,detail}]}`
  std::optional<std::int64_t> clock_offset_ms;  ///< its clock minus ours, to about a second
};

/// Everything asked before the rules run. JSON shapes are those of the admin API.
struct doctor_facts {
  std::string server;
  std::int64_t now_ms = 0;
  node_answer asked;       ///< the server itself
  std::string asked_node;  ///< its node id, when known
  bool has_token = false;
  json claims;           ///< of our own token; null when it has none that can be read
  int admin_status = 0;  ///< HTTP status of the first admin question
  std::string admin_error;
  json nodes;  ///< rows
  std::vector<std::string> missing;
  std::map<std::string, node_answer> direct;  ///< nodes asked directly
  std::optional<std::string> user;
  std::optional<std::string> room;
  /// Null when the server knows none; nullopt when it could not be asked.
  std::optional<json> user_answer;
  std::optional<json> room_answer;
  json members;            ///< roster rows of `room`, the first page
  bool on_roster = false;  ///< `user` is on the roster of `room`
  json sessions;           ///< rows: all of them, or the first ones, or those of `user`
  bool sessions_complete = true;
  bool sessions_known = false;
};

/// The engine is away, as far as the server that was asked can tell.
bool engine_away(const node_answer& answer);

/// Runs every rule that the facts allow.
diagnosis diagnose(const doctor_facts& facts);

/// Parts of `diagnose`.
void check_access(const doctor_facts& facts, diagnosis& out);
void check_nodes(const doctor_facts& facts, diagnosis& out);
void check_clocks(const doctor_facts& facts, diagnosis& out);
void check_sessions(const doctor_facts& facts, diagnosis& out);
void check_user(const doctor_facts& facts, diagnosis& out);
void check_room(const doctor_facts& facts, diagnosis& out);

/// What the operator reads, and the stable form of `--json`:
/// `{findings:[{check,severity,message,evidence,fix}], checks:[{name,ok,detail}]}`.
std::string render_diagnosis(const diagnosis& result);
json diagnosis_json(const diagnosis& result);

}  // namespace starling::ctl
