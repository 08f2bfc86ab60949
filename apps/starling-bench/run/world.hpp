/// Everything a run needs, put together from the options: rooms, sessions, publishers, clocks.
#pragma once

#include "apps/starling-bench/clients/publisher_pool.hpp"
#include "apps/starling-bench/clients/session_pool.hpp"
#include "apps/starling-bench/measure/histogram.hpp"
#include "apps/starling-bench/measure/ledger.hpp"
#include "apps/starling-bench/measure/process_stats.hpp"
#include "apps/starling-bench/measure/thread_usage.hpp"
#include "apps/starling-bench/plan/options.hpp"
#include "apps/starling-bench/report/report.hpp"
#include "apps/starling-bench/wire/event_loop.hpp"
#include "apps/starling-bench/wire/target.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace starling::bench {

/// All counters at one moment; differences of two are what is reported.
struct snapshot {
  std::int64_t time_ns = 0;
  publish_counters published;
  pool_counters sessions;
  std::uint64_t delivered = 0;
  double own_cpu = 0;
  double machine_cpu = 0;  // of all processes together
  std::optional<process_usage> server;
  std::optional<process_usage> side;
  thread_usages server_threads;
};

/// After connects: what the server still has to do about them is done then.
inline constexpr double settle_seconds = 1;

class world {
 public:
  /// Throws std::invalid_argument for an option that cannot be met.
  world(const options& asked, report& result);

  /// One turn: everything due, one batch of ready sockets (waiting for the first until `deadline`
  /// at the latest), the progress line.
  void step(std::int64_t deadline = std::numeric_limits<std::int64_t>::max());
  void run_for(double seconds);
  /// Opens all sessions of the plan and waits for the outcome; tells what failed.
  void connect_sessions();
  /// False, with a failure noted, when the publishers' connections cannot be made within 10 s.
  bool connect_publishers();

  snapshot take_snapshot() const;
  /// The measurement starts here: what came before is warm-up.
  void begin_measuring();
  /// Latencies of sessions since begin_measuring().
  histogram& latency();
  /// Memory of the server per session, between `empty` and `full`: everybody connected.
  void add_memory(const snapshot& empty, const snapshot& full);
  /// What every mode has: CPU between `begin` and `end`, failures beyond the expected ones, and
  /// their reasons.
  void add_common(const snapshot& begin, const snapshot& end, const pool_counters& expected = {});

  const options& asked;
  report& result;
  event_loop loop;
  dialer dial, publish_dial;
  ledger books;
  session_pool sessions;
  publisher_pool publishers;

 private:
  void lay_out();
  void tick(std::int64_t now);
  void print_progress(const sample& s, bool measuring, bool with_server) const;
  void add_usage(const snapshot& begin, const snapshot& end);

  std::vector<std::string> tokens_;  // by session; empty when none are signed
  std::int64_t next_report_ = 0;
  std::int64_t measure_start_ = 0;
  snapshot last_;
  histogram total_latency_;
};

}  // namespace starling::bench
