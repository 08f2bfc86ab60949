/// What a run found, and its three forms: table, JSON, HTML.
#pragma once

#include "apps/starling-bench/measure/histogram.hpp"
#include "apps/starling-bench/plan/options.hpp"

#include <cstddef>
#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

namespace starling::bench {

/// One number of the result. `key` is its stable name in JSON.
struct metric {
  std::string key;
  std::string label;
  double value = 0;
  std::string unit;
  int decimals = 0;
};

/// One progress interval.
struct sample {
  double seconds = 0;  // since the measurement began, negative while warming up
  double sent = 0;     // events per second, as are the next two
  double acked = 0;
  double delivered = 0;
  std::size_t live = 0;
  double connects = 0;  // per second
  double p50_ms = 0;
  double p99_ms = 0;
  double server_cores = 0;
  double server_rss_mib = 0;
  double own_cores = 0;
};

struct named_histogram {
  std::string key;
  std::string label;
  histogram values;  // nanoseconds
};

struct report {
  std::vector<metric> metrics;
  std::vector<named_histogram> latencies;
  std::vector<sample> timeline;
  std::vector<std::string> notes;     // how to read the numbers
  std::vector<std::string> failures;  // any of them makes the exit code 1

  void add(std::string key, std::string label, double value, std::string unit = {},
           int decimals = 0) {
    metrics.push_back({std::move(key), std::move(label), value, std::move(unit), decimals});
  }
  /// p50, p90, p99, p99.9 and the maximum as metrics, and the whole for the plots.
  void add_latency(const std::string& key, const std::string& label, const histogram& values);
};

/// `1234567.8` as `1,234,568`.
std::string grouped(double value, int decimals = 0);

void print_table(std::ostream& out, const options& asked, const report& result);

/// Pretty JSON: {tool, mode, ok, settings, metrics:{key:number}, latency_ms, timeline, notes,
/// failures}.
std::string to_json(const options& asked, const report& result);

/// One page without outside references: the table, plots over time, the latency curve.
std::string to_html(const options& asked, const report& result);

}  // namespace starling::bench
