#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/starlingctl/commands/commands.hpp"
#include "apps/starlingctl/output/render.hpp"
#include "apps/starlingctl/output/terminal.hpp"
#include "apps/starlingctl/output/text.hpp"
#include "net/base/clock.hpp"
#include "net/base/units.hpp"

namespace starling::ctl {
namespace {

json load_of(client& server) {
  return {{"nodes", server.list(admin_path("nodes"), "nodes")["nodes"]},
          {"stats", server.get(admin_path("stats"))}};
}

std::string screen(const json& load, const std::string& server) {
  double in = 0;
  double out = 0;
  for (const json& node : list_at(load, "nodes")) {
    in += real_at(node, "events_in_per_s");
    out += real_at(node, "deliveries_per_s");
  }
  const json& stats = object_at(load, "stats");
  std::string text = "starling " + server + "  " + clock_time(wall_ms()) + "\n";
  text += text_at(stats, "sessions") + " sessions, " + text_at(stats, "users") + " users, " +
          text_at(stats, "rooms") + " rooms; " + human_rate(in) + " events/s in, " +
          human_rate(out) + " deliveries/s\n";
  if (const auto missing = texts_at(stats, "missing"); !missing.empty()) {
    text += "NO ANSWER from " + joined(missing) + "\n";
  }
  return text + "\n" + render_nodes(load);
}

exit_code watch(client& server, std::chrono::milliseconds interval) {
  std::string last = screen(load_of(server), server.destination().server);
  full_screen display;
  for (;;) {
    display.show(last + "\nq quits\n");
    if (display.wait_key(interval) == 'q') return exit_code::ok;
    try {
      last = screen(load_of(server), server.destination().server);
    } catch (const failure& e) {
      if (e.code() == exit_code::unauthorized) throw;
      last = clock_time(wall_ms()) + "  " + e.what() + "\n";
    }
  }
}

exit_code top(const invocation& inv, const std::string& interval_text) {
  const auto interval = parse_duration(interval_text);
  if (!interval || interval->count() < 100) {
    throw failure(exit_code::usage, "--interval \"" + interval_text +
                                        "\" is no duration of 100ms or more, such as 1s");
  }
  client server = inv.connect();
  if (!inv.flags.json && interactive()) return watch(server, *interval);
  const json load = load_of(server);
  print_answer(inv, load, screen(load, server.destination().server));
  note_missing(object_at(load, "stats"));
  return exit_code::ok;
}

}  // namespace

void add_top_command(CLI::App& root, invocation& inv) {
  const auto interval = std::make_shared<std::string>("1s");
  CLI::App* command = root.add_subcommand(
      "top", "Watch the load of all nodes live (q quits); once without a terminal");
  command->add_option("--interval", *interval, "Time between two looks (default: 1s)")
      ->type_name("DURATION");
  on_run(*command, inv, [&inv, interval] { return top(inv, *interval); });
}

}  // namespace starling::ctl
