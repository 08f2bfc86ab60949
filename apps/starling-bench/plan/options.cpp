#include "apps/starling-bench/plan/options.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <iostream>
#include <string_view>
#include <utility>

namespace starling::bench {

namespace {

constexpr std::array<std::pair<std::string_view, run_mode>, 9> modes{{
    {"idle", run_mode::idle},
    {"fanout", run_mode::fanout},
    {"rooms", run_mode::rooms},
    {"direct", run_mode::direct},
    {"churn", run_mode::churn},
    {"slow", run_mode::slow},
    {"publish", run_mode::publish},
    {"soak", run_mode::soak},
    {"recovery", run_mode::recovery},
}};

constexpr const char* mode_help =
    "idle     connect --sessions, spread over --rooms (1), measure memory per session (--pid)\n"
    "fanout   one room with --sessions members\n"
    "rooms    --rooms rooms of --members, one POST per event\n"
    "direct   events addressed to one user each\n"
    "churn    connect and disconnect, keeping --sessions open\n"
    "slow     --stalled sessions stop reading; latency of the others\n"
    "publish  POSTs to rooms without members, --batch events each\n"
    "soak     rooms of mixed size, sessions that drop and resume\n"
    "recovery --kill one of several nodes: how soon are its sessions back at the others?\n";

void add_load_flags(CLI::App& app, options& to) {
  app.add_option("--sessions", to.sessions, "client connections");
  app.add_option("--rooms", to.rooms, "number of rooms");
  app.add_option("--members", to.members, "sessions per room");
  app.add_option("--rooms-per-session", to.rooms_per_session,
                 "rooms: each session is in so many of them (1)")
      ->check(CLI::Range(1, 10000));
  app.add_option("--payload", to.payload, "bytes of JSON data per event (200, slow 4096)")
      ->check(CLI::Range(48, 1 << 20));
  app.add_option("--duration", to.duration, "seconds measured")->check(CLI::PositiveNumber);
  app.add_option("--warmup", to.warmup, "seconds of load before measuring (1)")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--rate", to.rate,
                 "open loop: events per second (churn: connects); without it, closed loop at the "
                 "maximum")
      ->check(CLI::PositiveNumber);
  app.add_option("--publishers", to.publishers, "keep-alive publisher connections");
  app.add_option("--tenants", to.tenants, "publish: connections are of so many tenants in turn")
      ->check(CLI::Range(1, 10000));
  app.add_option("--pipeline", to.pipeline, "POSTs outstanding per publisher connection (1)")
      ->check(CLI::Range(1, 1000));
  app.add_option("--batch", to.batch, "events per POST (1)")->check(CLI::Range(1, 1000));
  app.add_option("--window", to.window, "closed loop: events sent and not yet delivered");
  app.add_option("--concurrency", to.concurrency, "sessions connecting at one time (256)")
      ->check(CLI::Range(1, 10000));
  app.add_option("--stalled", to.stalled, "slow: sessions that stop reading (a tenth)")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--reconnect-rate", to.reconnect_rate, "soak: drops with resume per second (5)")
      ->check(CLI::NonNegativeNumber);
  app.add_flag("--ephemeral", to.ephemeral, "publish events that are not stored");
}

template <class T>
void fill(T& value, T suits) {
  if (value == T{}) value = suits;
}

void suit_mode(options& o) {
  const bool many_rooms = o.mode == run_mode::rooms || o.mode == run_mode::soak;
  fill(o.members, 10u);
  if (o.mode == run_mode::publish) {
    fill(o.rooms, 100u);
    fill(o.publishers, 16u);
  } else if (many_rooms) {
    fill(o.rooms, o.sessions > 0 ? std::max(1u, o.sessions / o.members) : 100u);
    o.sessions = o.layout().groups() * o.members;
  } else {
    fill(o.sessions, o.mode == run_mode::slow ? 200u : 1000u);
    if (o.mode != run_mode::idle && o.mode != run_mode::recovery) o.rooms = 1;
    fill(o.rooms, 1u);
  }
  fill(o.publishers, 64u);
  if (o.mode == run_mode::slow) {
    fill(o.payload, 4096u);
    if (o.stalled < 0) o.stalled = static_cast<std::int32_t>(o.sessions / 10);
    fill(o.rate, 100.0);
  }
  o.stalled = std::max(0, o.stalled);
  if (o.mode == run_mode::soak) {
    fill(o.rate, 200.0);
    fill(o.duration, 600.0);
    fill(o.report_every, 10.0);
    if (o.reconnect_rate < 0) o.reconnect_rate = 5;
  }
  fill(o.payload, 200u);
  fill(o.duration, 10.0);
  fill(o.report_every, 1.0);
  // One room: stay below the 100 events a node keeps for a session before it calls it slow.
  const bool one_room = o.mode == run_mode::fanout || o.mode == run_mode::slow;
  fill(o.window, one_room ? 64u : 16 * o.publishers * o.pipeline * o.batch);
}

bool is_nats(const std::string& url) { return url.starts_with("nats://"); }

/// What the chosen options do not go together; empty when they do.
std::string conflict(const options& o) {
  if (!o.token.empty() && !o.secret.empty()) return "--token and --secret exclude each other";
  if (o.mode == run_mode::direct && o.secret.empty()) {
    return "direct needs --secret, to sign a token for each user it addresses";
  }
  if (o.mode == run_mode::recovery && (o.kill == 0 || o.targets.size() < 2)) {
    return "recovery needs --kill PID and the --target of at least one other node";
  }
  if (o.kill != 0 && o.mode != run_mode::recovery) return "--kill is for mode recovery";
  if (o.mode == run_mode::recovery && o.websocket) return "recovery: SSE only";
  if (o.rooms_per_session > 1 && o.mode != run_mode::rooms) {
    return "--rooms-per-session is for mode rooms";
  }
  if (o.tenants > 1 && (o.mode != run_mode::publish || o.secret.empty())) {
    return "--tenants is for mode publish, and needs --secret to sign a token for each";
  }
  if (o.rooms > 0 && o.rooms % o.rooms_per_session != 0) {
    return "--rooms must be a multiple of --rooms-per-session";
  }
  if (std::ranges::any_of(o.targets, is_nats)) return "--target: sessions speak HTTP, not NATS";
  if (o.over == carrier::nats) {
    if (!std::ranges::all_of(o.publish_targets, is_nats)) {
      return "--publish-target: all over NATS, or none";
    }
    const bool can = o.mode != run_mode::direct && o.speaks == dialect::starling && !o.ephemeral;
    if (!can) return "--publish-target nats://...: to rooms, of Starling, stored events";
  }
  const bool only_starling = o.mode == run_mode::direct || o.mode == run_mode::soak ||
                             o.mode == run_mode::recovery || o.websocket || o.ephemeral ||
                             o.batch > 1 || o.rooms_per_session > 1;
  if (o.speaks == dialect::nchan && only_starling) {
    return "--adapter nchan: SSE, one room per session, stored events, one per POST; not modes "
           "direct, soak and recovery";
  }
  return {};
}

int usage(const std::string& message) {
  std::cerr << "starling-bench: " << message << "\nTry starling-bench --help.\n";
  return 2;
}

}  // namespace

int parse_options(int argc, char** argv, options& result) {
  CLI::App app("starling-bench: load and latency of a running cluster", "starling-bench");
  app.footer("\nModes:\n" + std::string(mode_help) +
             "\nExit codes: 0 ok, 1 loss, duplicate, reorder or failure, 2 usage.");
  std::string transport = "sse";
  std::string adapter = "starling";
  unsigned threads = 1;
  app.add_option("mode", result.mode_name, "what to run, see below")->required();
  app.add_option("--target", result.targets, "http://HOST:PORT of a node; repeat to spread")
      ->allow_extra_args(false);
  app.add_option("--publish-target", result.publish_targets,
                 "publish to this node and not to --target, or as core messages to "
                 "nats://HOST:PORT, for nodes that ingest them (README); repeat to spread")
      ->allow_extra_args(false);
  app.add_option("--adapter", adapter,
                 "the server's kind: starling, or nchan (nginx with /sub/CHANNEL, /pub/CHANNEL)")
      ->check(CLI::IsMember({"starling", "nchan"}));
  app.add_option("--token", result.token, "token for sessions and publishers alike");
  app.add_option("--secret", result.secret, "HS256 secret: sign one token per user")
      ->envname("STARLING_BENCH_SECRET");
  app.add_option("--transport", transport, "sse or ws")->check(CLI::IsMember({"sse", "ws"}));
  app.add_option("--source-addr", result.sources, "connect from this address; repeat to spread")
      ->allow_extra_args(false);
  add_load_flags(app, result);
  app.add_option("--report-every", result.report_every, "seconds between progress lines");
  app.add_option("--pid", result.pids, "server process: CPU and memory; repeatable")
      ->allow_extra_args(false);
  app.add_option("--side-pid", result.side_pids,
                 "what the servers need, counted apart (a NATS server); repeatable")
      ->allow_extra_args(false);
  app.add_option("--kill", result.kill, "recovery: the node process that is killed, a --target's")
      ->check(CLI::PositiveNumber);
  app.add_option("--json", result.json_file, "write the result here as JSON");
  app.add_option("--html", result.html_file, "write a self-contained report with plots here");
  app.add_option("--threads", threads, "1: for more load start several processes");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return usage(error.what());
  }
  const auto found = std::find_if(modes.begin(), modes.end(),
                                  [&](const auto& m) { return m.first == result.mode_name; });
  if (found == modes.end()) {
    return usage("no mode '" + result.mode_name +
                 "': expected idle, fanout, rooms, direct, churn, slow, publish, soak or recovery");
  }
  if (threads != 1) {
    return usage("--threads: this program is one thread; for more load start several processes");
  }
  result.mode = found->second;
  result.websocket = transport == "ws";
  if (std::ranges::any_of(result.publish_targets, is_nats)) result.over = carrier::nats;
  result.speaks = adapter == "nchan" ? dialect::nchan : dialect::starling;
  if (const auto wrong = conflict(result); !wrong.empty()) return usage(wrong);
  std::erase(result.pids, result.kill);  // nobody can look at it when it is dead
  suit_mode(result);
  if (static_cast<std::uint32_t>(result.stalled) > result.sessions) {
    return usage("--stalled is more than --sessions");
  }
  return -1;
}

}  // namespace starling::bench
