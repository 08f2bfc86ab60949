#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "apps/starlingctl/client/peers.hpp"
#include "apps/starlingctl/commands/commands.hpp"
#include "apps/starlingctl/output/text.hpp"
#include "net/base/clock.hpp"
#include "net/base/units.hpp"

namespace starling::ctl {
namespace {

using namespace std::chrono_literals;

struct drain_args {
  std::string node;
  std::string timeout = "10m";
  bool wait = false;
};

/// Watches a draining node leave: by its own admin listener when that answered before, else (and
/// also) by what the others say about it.
class departure {
 public:
  departure(const target& destination, const json& nodes, std::string node)
      : node_(std::move(node)) {
    const auto peers = direct_peers(nodes, destination.server);
    own_ = reachable({url_of(peers, node_), destination.token});
    const std::string asked = node_at(peers, destination.server);
    if (asked != node_) watchers_.push_back(destination);
    for (const peer& p : peers) {
      if (p.node != node_ && p.node != asked) watchers_.push_back({p.url, destination.token});
    }
  }

  /// False when nobody can tell whether the node has left.
  bool observable() const { return own_ || !watchers_.empty(); }

  bool gone() {
    if (own_) {
      // Twice in a row: one refused or late answer may be a busy node.
      silent_ = reachable(*own_) ? 0 : silent_ + 1;
      if (silent_ >= 2) return true;
    }
    for (const target& watcher : watchers_) {
      if (const auto row = row_seen_by(watcher)) return left(*row);
    }
    return false;
  }

  /// Sessions still there, when somebody knows.
  const std::string& sessions_left() const { return sessions_left_; }

 private:
  static std::optional<target> reachable(target destination) {
    if (destination.server.empty()) return std::nullopt;
    try {
      client(destination).ask("GET", "/livez");
      return destination;
    } catch (const failure&) {
      return std::nullopt;
    }
  }

  /// The node's row; null when the watcher no longer lists it; nullopt when the watcher is silent.
  std::optional<json> row_seen_by(const target& watcher) const {
    try {
      const json answer = client(watcher).list(admin_path("nodes"), "nodes");
      for (const json& row : list_at(answer, "nodes")) {
        if (text_at(row, "id") == node_) return row;
      }
      return json();
    } catch (const failure&) {
      return std::nullopt;
    }
  }

  bool left(const json& row) {
    sessions_left_ = text_at(row, "sessions");
    return row.is_null() || text_at(row, "state") == "gone";
  }

  std::string node_;
  std::optional<target> own_;
  std::vector<target> watchers_;
  std::string sessions_left_;
  int silent_ = 0;
};

void wait_until_gone(departure& leaving, const std::string& node, std::chrono::milliseconds limit) {
  const auto deadline = steady_clock::now() + limit;
  std::string shown;
  while (!leaving.gone()) {
    if (steady_clock::now() > deadline) {
      throw failure(exit_code::failed, "node " + node +
                                           " is still draining; see its log, or wait "
                                           "longer with --timeout");
    }
    if (leaving.sessions_left() != shown) {
      shown = leaving.sessions_left();
      note("node " + node + ": sessions left: " + shown);
    }
    std::this_thread::sleep_for(200ms);
  }
}

exit_code drain(const invocation& inv, const drain_args& args) {
  const auto limit = parse_duration(args.timeout);
  if (!limit) {
    throw failure(exit_code::usage,
                  "--timeout \"" + args.timeout + "\" is no duration such as 30s, 10m");
  }
  client server = inv.connect();
  std::optional<departure> leaving;
  // Before the drain: afterwards the node may be gone before anybody looked where it was.
  if (args.wait) {
    const json nodes = server.list(admin_path("nodes"), "nodes");
    leaving.emplace(server.destination(), list_at(nodes, "nodes"), args.node);
  }
  json answer = server.call("POST", admin_path("nodes", args.node) + "/drain");
  if (!args.wait) {
    print_answer(inv, answer, "node " + args.node + " is draining\n");
    return exit_code::ok;
  }
  if (!leaving->observable()) {
    throw failure(exit_code::failed,
                  "node " + args.node +
                      " is draining, but from here neither it "
                      "nor another node can be asked when it has left; use --server "
                      "with another node's admin address");
  }
  const auto begin = steady_clock::now();
  wait_until_gone(*leaving, args.node, *limit);
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - begin).count();
  answer["drained"] = true;
  answer["waited_ms"] = took;
  print_answer(inv, answer,
               "node " + args.node + " has left after " + human_seconds(took / 1000) + "\n");
  return exit_code::ok;
}

}  // namespace

void add_drain_command(CLI::App& root, invocation& inv) {
  const auto args = std::make_shared<drain_args>();
  CLI::App* command =
      root.add_subcommand("drain", "Send a node's sessions to the others and let it exit");
  command->add_option("NODE", args->node, "Node id, as in `nodes`")->required()->type_name("");
  command->add_flag("--wait", args->wait, "Come back when the node has left");
  command->add_option("--timeout", args->timeout, "With --wait: give up after (default: 10m)")
      ->type_name("DURATION");
  on_run(*command, inv, [&inv, args] { return drain(inv, *args); });
}

}  // namespace starling::ctl
