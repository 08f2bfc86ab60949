#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "apps/starlingctl/commands/commands.hpp"
#include "apps/starlingctl/output/render.hpp"
#include "apps/starlingctl/output/text.hpp"
#include "net/base/clock.hpp"
#include "net/http/url.hpp"
#include "net/wire/sse_parser.hpp"

namespace starling::ctl {
namespace {

using std::chrono::milliseconds;

struct subscribe_args {
  std::vector<std::string> rooms;
  std::string after;
};

/// The live tail of some rooms: one line per event on stdout, all about the connection on stderr.
class tail {
 public:
  tail(const invocation& inv, const subscribe_args& args)
      : inv_(inv), client_(inv.connect()), after_(args.after) {
    path_ = "/events?format=envelope&rooms=";
    for (const std::string& room : args.rooms) {
      if (!path_.ends_with('=')) path_ += ',';
      path_ += net::percent_encode(room);
    }
  }

  /// Reads until the server says that nobody should come back; the first connection must succeed.
  exit_code run() {
    for (;;) {
      try {
        connect_once();
        if (final_) return exit_code::failed;
        note("stream ended; connecting again");
      } catch (const failure& e) {
        // A node that restarts behind a balancer answers 502 or 503 for a while.
        const bool passing = e.code() == exit_code::unreachable || e.code() == exit_code::failed;
        if (!heard_ || !passing) throw;
        note(e.what());
      }
      std::this_thread::sleep_for(pause_);
      pause_ = std::min(pause_ * 2, milliseconds(15000));
    }
  }

 private:
  void connect_once() {
    parser_.reset();
    last_bytes_ = steady_clock::now();
    const std::string& seen = parser_.last_id();
    client_.stream(path_, seen.empty() ? after_ : seen, [this](std::string_view bytes) {
      if (bytes.empty()) return steady_clock::now() - last_bytes_ < patience_;
      last_bytes_ = steady_clock::now();
      heard_ = true;
      parser_.feed(bytes, [this](const net::sse_event& e) { on_event(e); });
      pause_ = milliseconds(std::clamp(parser_.retry_ms().value_or(1000), 100, 60000));
      return !final_;
    });
  }

  void on_event(const net::sse_event& event) {
    const json data = json::parse(event.data, nullptr, false);
    // A publisher may name an event "goodbye"; then the data is an envelope, which has `event`.
    const bool envelope = data.is_object() && data.contains("event");
    if (envelope) {
      print(data);
    } else if (event.name == "connected") {
      on_connected(data);
    } else if (event.name == "goodbye") {
      on_goodbye(data);
    } else if (event.name != "heartbeat") {
      note(std::string(event.name) + ": " + printable(event.data));
    }
  }

  void print(const json& e) {
    if (inv_.flags.json) {
      std::cout << e.dump(-1, ' ', false, json::error_handler_t::replace) << std::endl;
      return;
    }
    const char* kind = e.contains("room") ? "room" : e.contains("user") ? "user" : "client";
    const auto ts = int_at(e, "ts");
    std::cout << clock_time(ts ? ts : wall_ms()) << "  "
              << (std::string_view(kind) == "room" ? "" : std::string(kind) + ":")
              << printable(text_at(e, kind)) << "  " << printable(text_at(e, "event")) << "  "
              << printable(e.contains("data") ? payload_text(e["data"]) : "") << "  ("
              << printable(text_at(e, "id")) << ")" << std::endl;
  }

  void on_connected(const json& hello) {
    note("connected to node " + text_at(hello, "node") + " as " + text_at(hello, "user") +
         ", session " + text_at(hello, "client_id") + ", rooms " +
         joined(texts_at(hello, "rooms"), ","));
    if (const auto heartbeat = int_at(hello, "heartbeat_ms"); heartbeat > 0) {
      patience_ = std::max(milliseconds(5000), milliseconds(3 * heartbeat));
    }
    for (const json& gap : list_at(hello, "lost")) {
      note("events were lost in room " + text_at(gap, "room") + ": " + text_at(gap, "reason"));
    }
  }

  void on_goodbye(const json& bye) {
    note("goodbye " + text_at(bye, "code") + ": " + printable(text_at(bye, "reason")));
    final_ = !flag_at(bye, "reconnect");
  }

  const invocation& inv_;
  client client_;
  std::string path_;
  std::string after_;  ///< where to begin, until the first id
  net::sse_parser parser_;
  milliseconds pause_{1000};
  /// Three missed heartbeats: the connection is dead although nobody said so.
  milliseconds patience_{90000};
  steady_time last_bytes_;
  bool heard_ = false;
  bool final_ = false;
};

}  // namespace

void add_subscribe_command(CLI::App& root, invocation& inv) {
  const auto args = std::make_shared<subscribe_args>();
  CLI::App* command = root.add_subcommand("subscribe", "Show the events of rooms as they come");
  command->add_option("ROOM", args->rooms, "Room names")->required()->type_name("");
  command->add_option("--after", args->after, "First what came after this position")
      ->type_name("POSITION");
  on_run(*command, inv, [&inv, args] { return tail(inv, *args).run(); });
}

}  // namespace starling::ctl
