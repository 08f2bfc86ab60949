#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/starlingctl/commands/commands.hpp"
#include "apps/starlingctl/output/render.hpp"

namespace starling::ctl {
namespace {

exit_code show_stats(const invocation& inv) {
  const json answer = inv.connect().get(inv.in_scope(admin_path("stats")));
  print_answer(inv, answer, render_stats(answer));
  note_missing(answer);
  return exit_code::ok;
}

exit_code trace(const invocation& inv, const std::string& room) {
  const json answer =
      inv.connect().call("POST", inv.in_scope(admin_path("rooms", room) + "/trace"));
  print_answer(inv, answer, render_trace(answer));
  note_missing(answer);
  return exit_code::ok;
}

}  // namespace

void add_stats_commands(CLI::App& root, invocation& inv) {
  CLI::App* stats = root.add_subcommand("stats", "Show counters of the whole cluster");
  add_tenant_options(*stats, inv);
  on_run(*stats, inv, [&inv] { return show_stats(inv); });

  const auto room = std::make_shared<std::string>();
  CLI::App* way =
      root.add_subcommand("trace", "Follow an event through the cluster, with a time per hop");
  way->add_option("ROOM", *room, "Room name")->required()->type_name("");
  add_tenant_option(*way, inv);
  on_run(*way, inv, [&inv, room] { return trace(inv, *room); });
}

}  // namespace starling::ctl
