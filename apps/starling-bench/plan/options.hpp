/// What the command line asks for.
#pragma once

#include "apps/starling-bench/plan/dialect.hpp"
#include "apps/starling-bench/plan/room_layout.hpp"

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace starling::bench {

enum class run_mode : std::uint8_t {
  idle,
  fanout,
  rooms,
  direct,
  churn,
  slow,
  publish,
  soak,
  recovery
};

struct options {
  run_mode mode = run_mode::fanout;
  std::string mode_name = "fanout";
  std::vector<std::string> targets{"http://127.0.0.1:8080"};
  std::vector<std::string> publish_targets;  // empty: publish to `targets`
  std::vector<std::string> sources;
  dialect speaks = dialect::starling;
  carrier over = carrier::http;  // what `publish_targets` speak
  std::string token;
  std::string secret;
  bool websocket = false;
  bool ephemeral = false;

  std::uint32_t sessions = 0;  // these four: 0 = what suits the mode
  std::uint32_t rooms = 0;
  std::uint32_t members = 0;
  std::uint32_t publishers = 0;
  std::uint32_t rooms_per_session = 1;
  std::uint32_t tenants = 1;        // mode publish: publisher connections are of each in turn
  std::uint32_t pipeline = 1;       // POSTs outstanding per publisher connection
  std::uint32_t batch = 1;          // events per POST
  std::uint32_t window = 0;         // closed loop: events sent and not yet delivered; 0 = by mode
  std::uint32_t payload = 0;        // bytes of JSON in `data`; 0 = by mode
  std::uint32_t concurrency = 256;  // sessions in the middle of connecting
  std::int32_t stalled = -1;        // mode slow: sessions that stop reading
  double rate = 0;                  // events (churn: connects) per second; 0 = as fast as it goes
  double reconnect_rate = -1;       // mode soak: sessions dropped and resumed per second
  double duration = 0;              // seconds
  double warmup = 1;
  double report_every = 0;  // seconds between progress lines

  std::vector<pid_t> pids;
  std::vector<pid_t> side_pids;
  pid_t kill = 0;  // mode recovery: the node that dies
  std::string json_file;
  std::string html_file;

  /// Who is in which room; in mode direct a user stands for a room.
  room_layout layout() const noexcept {
    return {mode == run_mode::direct ? sessions : rooms, rooms_per_session};
  }
};

/// Reads the command line and fills in what suits the mode. Answers -1 to go on, else the exit code
/// of a program that has nothing more to do (help: 0, usage: 2) and has said why.
int parse_options(int argc, char** argv, options& result);

}  // namespace starling::bench
