#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/starlingctl/commands/commands.hpp"
#include "apps/starlingctl/output/render.hpp"
#include "net/base/clock.hpp"

namespace starling::ctl {
namespace {

struct log_level_args {
  std::string node;
  std::string level;
};

exit_code list_nodes(const invocation& inv) {
  const json answer = inv.connect().list(admin_path("nodes"), "nodes");
  print_answer(inv, answer, render_nodes(answer));
  note_missing(answer);
  return exit_code::ok;
}

exit_code show_node(const invocation& inv, const std::string& id) {
  const json node = inv.connect().get(admin_path("nodes", id));
  print_answer(inv, node, render_node(node, wall_ms()));
  return exit_code::ok;
}

exit_code set_log_level(const invocation& inv, const log_level_args& args) {
  const json answer = inv.connect().call("PUT", admin_path("nodes", args.node) + "/log-level",
                                         json{{"level", args.level}}.dump());
  print_answer(inv, answer, "node " + args.node + " now logs at level " + args.level + "\n");
  return exit_code::ok;
}

}  // namespace

void add_node_commands(CLI::App& root, invocation& inv) {
  CLI::App* nodes = root.add_subcommand("nodes", "List the nodes of the cluster with their load");
  on_run(*nodes, inv, [&inv] { return list_nodes(inv); });

  CLI::App* node = root.add_subcommand("node", "Show one node");
  const auto id = std::make_shared<std::string>();
  node->add_option("NODE", *id, "Node id, as in `nodes`")->required()->type_name("");
  on_run(*node, inv, [&inv, id] { return show_node(inv, *id); });

  CLI::App* level = root.add_subcommand("log-level", "Set how much a node logs, until it restarts");
  const auto args = std::make_shared<log_level_args>();
  level->add_option("NODE", args->node, "Node id, as in `nodes`")->required()->type_name("");
  level->add_option("LEVEL", args->level, "For example debug or info")->required()->type_name("");
  on_run(*level, inv, [&inv, args] { return set_log_level(inv, *args); });
}

}  // namespace starling::ctl
