#include "apps/starling-bench/report/report.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ostream>

namespace starling::bench {

namespace {

constexpr double ns_per_ms = 1e6;

struct quantile {
  const char* key;
  double percent;
};
constexpr std::array<quantile, 4> quantiles{
    {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99_9", 99.9}}};

nlohmann::json settings_of(const options& o) {
  nlohmann::json settings{{"targets", o.targets},
                          {"transport", o.websocket ? "ws" : "sse"},
                          {"publish_targets", o.publish_targets},
                          {"adapter", o.speaks == dialect::nchan ? "nchan" : "starling"},
                          {"sessions", o.sessions},
                          {"rooms", o.rooms},
                          {"rooms_per_session", o.rooms_per_session},
                          {"publishers", o.publishers},
                          {"pipeline", o.pipeline},
                          {"batch", o.batch},
                          {"payload_bytes", o.payload},
                          {"rate", o.rate},
                          {"window_events", o.window},
                          {"duration_s", o.duration},
                          {"ephemeral", o.ephemeral},
                          {"loop", o.rate > 0 ? "open" : "closed"}};
  if (o.mode == run_mode::rooms || o.mode == run_mode::soak) settings["members"] = o.members;
  if (o.mode == run_mode::slow) settings["stalled"] = o.stalled;
  if (o.mode == run_mode::soak) settings["reconnect_rate"] = o.reconnect_rate;
  return settings;
}

}  // namespace

std::string grouped(double value, int decimals) {
  std::array<char, 64> digits;
  std::snprintf(digits.data(), digits.size(), "%.*f", decimals, value);
  std::string text = digits.data();
  const auto point = std::min(text.find('.'), text.size());
  const std::size_t first = text.starts_with('-') ? 1 : 0;
  for (auto at = point; at > first + 3;) text.insert(at -= 3, 1, ',');
  return text;
}

void report::add_latency(const std::string& key, const std::string& label,
                         const histogram& values) {
  if (values.count() == 0) return;
  for (const auto& [name, percent] : quantiles) {
    std::string shown = name;
    std::replace(shown.begin(), shown.end(), '_', '.');
    add(key + '_' + name + "_ms", label + ' ' + shown,
        static_cast<double>(values.percentile(percent)) / ns_per_ms, "ms", 3);
  }
  add(key + "_max_ms", label + " max", static_cast<double>(values.max()) / ns_per_ms, "ms", 3);
  latencies.push_back({key, label, values});
}

void print_table(std::ostream& out, const options& asked, const report& result) {
  out << "starling-bench " << asked.mode_name << ", " << (asked.websocket ? "WebSocket" : "SSE")
      << ", " << asked.sessions << " sessions, " << asked.payload << " byte payload\n";
  std::size_t width = 0;
  std::size_t digits = 0;
  for (const auto& each : result.metrics) {
    width = std::max(width, each.label.size());
    digits = std::max(digits, grouped(each.value, each.decimals).size());
  }
  for (const auto& each : result.metrics) {
    const auto value = grouped(each.value, each.decimals);
    out << "  " << each.label << std::string(width - each.label.size() + 2, ' ')
        << std::string(digits - value.size(), ' ') << value << ' ' << each.unit << '\n';
  }
  for (const auto& note : result.notes) out << "note: " << note << '\n';
  for (const auto& failure : result.failures) out << "FAILED: " << failure << '\n';
  out << (result.failures.empty() ? "ok\n" : "failed\n");
}

std::string to_json(const options& asked, const report& result) {
  nlohmann::json document{{"tool", "starling-bench"},
                          {"mode", asked.mode_name},
                          {"ok", result.failures.empty()},
                          {"settings", settings_of(asked)},
                          {"metrics", nlohmann::json::object()},
                          {"latency_ms", nlohmann::json::object()},
                          {"timeline", nlohmann::json::array()},
                          {"notes", result.notes},
                          {"failures", result.failures}};
  for (const auto& each : result.metrics) document["metrics"][each.key] = each.value;
  for (const auto& each : result.latencies) {
    nlohmann::json summary{{"count", each.values.count()},
                           {"mean", each.values.mean() / ns_per_ms},
                           {"min", static_cast<double>(each.values.min()) / ns_per_ms},
                           {"max", static_cast<double>(each.values.max()) / ns_per_ms}};
    for (const auto& [name, percent] : quantiles) {
      summary[name] = static_cast<double>(each.values.percentile(percent)) / ns_per_ms;
    }
    document["latency_ms"][each.key] = std::move(summary);
  }
  for (const auto& s : result.timeline) {
    document["timeline"].push_back({{"seconds", s.seconds},
                                    {"sent_per_s", s.sent},
                                    {"acked_per_s", s.acked},
                                    {"delivered_per_s", s.delivered},
                                    {"connects_per_s", s.connects},
                                    {"live", s.live},
                                    {"p50_ms", s.p50_ms},
                                    {"p99_ms", s.p99_ms},
                                    {"server_cores", s.server_cores},
                                    {"server_rss_mib", s.server_rss_mib},
                                    {"own_cores", s.own_cores}});
  }
  return document.dump(2) + '\n';
}

}  // namespace starling::bench
