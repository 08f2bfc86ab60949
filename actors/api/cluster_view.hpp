/// Questions and commands to the whole cluster: this node's own answer and those of the others.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "actors/api/local_view.hpp"
#include "actors/base/locator.hpp"
#include "actors/base/node_directory.hpp"

namespace starling::actors {

/// Answers of a question to all nodes. Every answer says who gave one and who did not.
struct cluster_answer {
  struct part {
    std::string node;
    nlohmann::json body;
  };
  std::vector<part> parts;  ///< this node's first
  std::vector<std::string> missing;
};

/// Nodes speak JSON `{"op":..., ...}` to each other here; see cluster/SUBJECTS.md. Any thread.
class cluster_view final : public session_locator {
 public:
  using json = nlohmann::json;
  using json_done = std::function<void(json)>;
  /// Ops that only the program can carry out (drain, log level); answered with `{"error":..}` or
  /// whatever it says.
  using extension = std::function<void(const std::string& op, const json& args, json_done)>;

  cluster_view(node_context& node, node_directory& nodes, extension other);

  /// This node's own answer to `question`.
  void answer(const json& question, json_done done) const;
  /// All nodes' answers.
  void ask_all(json question, std::function<void(cluster_answer)> done) const;
  /// One node's answer, this one's included. Errors: not_found, timeout, unavailable.
  void ask(const std::string& node, json question, cluster::completion<json> done) const;
  /// The answer of the node that holds the session.
  void ask_home_of(const session_id& id, json question, cluster::completion<json> done) const;

  // session_locator
  void deliver(event what, std::function<void(result<void>)> done) override;

 private:
  void trace(const channel& where, json_done done) const;

  node_context& node_;
  node_directory& nodes_;
  local_view here_;
  extension other_;
};

/// `{}` for success, `{"error":{code,message}}` else; and back.
nlohmann::json outcome_json(const result<void>& outcome);
result<void> outcome_of(const result<nlohmann::json>& answer);

}  // namespace starling::actors
