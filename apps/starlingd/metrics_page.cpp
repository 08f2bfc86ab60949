#include "apps/starlingd/metrics_page.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <dirent.h>

#include <array>
#include <limits>
#include <memory>

#include "actors/api/process_usage.hpp"
#include "actors/runtime/census.hpp"
#include "cluster/foreign_messages.hpp"
#include "net/base/clock.hpp"
#include "net/base/limits.hpp"

namespace starling::app {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using loops = std::vector<net::io_loop*>;

constexpr std::array<const char*, 3> transports{"sse", "ws", "poll"};
constexpr std::array<const char*, event_source_count> sources{"http", "ws", "mapping"};
constexpr std::array<const char*, drop_reason_count> reasons{"slow_consumer", "oldest",
                                                             "no_recipient"};
constexpr std::array<const char*, 2> gap_results{"repaired", "lost"};

/// All there may be, so that every series is there from the start.
constexpr std::array<const char*, 2> membership_sources{"postgres", "http"};

/// A source that is not configured has asked nothing.
cluster::source_state state_of(const actors::node_context& node, const char* name) {
  for (const auto& source : node.options.membership.sources)
    if (source->name() == name) return source->state();
  return {};
}

class page {
 public:
  page(const loops& from) : loops_(from) {}

  void gauge(const char* name, const char* help, double value) {
    begin(name, help, MetricType::Gauge);
    ClientMetric m;
    m.gauge.value = value;
    families_.back().metric.push_back(m);
  }

  /// One sample per value of a label, from functions of their index.
  template <class Text, class Value>
  void each(const char* name, const char* help, MetricType type, const char* label,
            std::size_t count, Text text_of, Value value_of) {
    begin(name, help, type);
    for (std::size_t i = 0; i < count; ++i) {
      ClientMetric m;
      m.label.push_back({label, std::string(text_of(i))});
      (type == MetricType::Gauge ? m.gauge.value : m.counter.value) =
          static_cast<double>(value_of(i));
      families_.back().metric.push_back(std::move(m));
    }
  }

  void counter(const char* name, const char* help, double value) {
    begin(name, help, MetricType::Counter);
    ClientMetric m;
    m.counter.value = value;
    families_.back().metric.push_back(m);
  }

  /// One sample per index of an array of counters; `text_of(i)` is the label's value.
  template <class Member, class Text>
  void by_label(const char* name, const char* help, MetricType type, const char* label,
                Member member, Text text_of) {
    begin(name, help, type);
    const auto count = (loops_.front()->metrics().*member).size();
    for (std::size_t i = 0; i < count; ++i) {
      double sum = 0;
      for (const auto* loop : loops_)
        sum += static_cast<double>((loop->metrics().*member)[i].get());
      ClientMetric m;
      m.label.push_back({label, std::string(text_of(i))});
      (type == MetricType::Gauge ? m.gauge.value : m.counter.value) = sum;
      families_.back().metric.push_back(std::move(m));
    }
  }

  void limits() {
    begin("starling_limited_total", "Requests and connections refused, by the bound they hit.",
          MetricType::Counter);
    for (std::size_t i = 0; i < limit_names.size(); ++i) {
      ClientMetric m;
      m.label.push_back({"limit", std::string(limit_names[i])});
      m.counter.value = static_cast<double>(limit_counts::get(static_cast<limit_kind>(i)));
      families_.back().metric.push_back(std::move(m));
    }
  }

  double sum(starling::counter shard_metrics::*member) const {
    double out = 0;
    for (const auto* loop : loops_) out += static_cast<double>((loop->metrics().*member).get());
    return out;
  }

  template <class Histogram>
  void histogram(const char* name, const char* help, Histogram shard_metrics::*member) {
    begin(name, help, MetricType::Histogram);
    ClientMetric m;
    const auto& bounds = (loops_.front()->metrics().*member).bounds();
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i <= bounds.size(); ++i) {
      for (const auto* loop : loops_) cumulative += (loop->metrics().*member).count(i);
      m.histogram.bucket.push_back({cumulative, i < bounds.size()
                                                    ? static_cast<double>(bounds[i]) / 1e9
                                                    : std::numeric_limits<double>::infinity()});
    }
    for (const auto* loop : loops_)
      m.histogram.sample_sum += static_cast<double>((loop->metrics().*member).sum_ns()) / 1e9;
    m.histogram.sample_count = cumulative;
    families_.back().metric.push_back(std::move(m));
  }

  void membership(const actors::node_context& node) {
    std::array<cluster::source_state, membership_sources.size()> states;
    for (std::size_t i = 0; i < states.size(); ++i)
      states[i] = state_of(node, membership_sources[i]);
    begin("starling_membership_requests_total", "Questions to sources of memberships.",
          MetricType::Counter);
    for (std::size_t i = 0; i < states.size(); ++i)
      for (std::size_t r = 0; r < cluster::source_result_count; ++r) {
        ClientMetric m;
        m.label.push_back({"source", membership_sources[i]});
        m.label.push_back(
            {"result", std::string(to_string(static_cast<cluster::source_result>(r)))});
        m.counter.value = static_cast<double>(states[i].requests[r]);
        families_.back().metric.push_back(std::move(m));
      }
    begin("starling_membership_seconds", "How long sources of memberships took.",
          MetricType::Histogram);
    for (std::size_t i = 0; i < states.size(); ++i) {
      ClientMetric m;
      m.label.push_back({"source", membership_sources[i]});
      std::uint64_t cumulative = 0;
      for (std::size_t b = 0; b <= latency_bounds.size(); ++b) {
        cumulative += states[i].by_latency[b];
        m.histogram.bucket.push_back({cumulative, b < latency_bounds.size()
                                                      ? static_cast<double>(latency_bounds[b]) / 1e9
                                                      : std::numeric_limits<double>::infinity()});
      }
      m.histogram.sample_count = cumulative;
      m.histogram.sample_sum = static_cast<double>(states[i].latency_sum_ns) / 1e9;
      families_.back().metric.push_back(std::move(m));
    }
    each(
        "starling_membership_source_up", "1 while the source answers, or was not asked yet.",
        MetricType::Gauge, "source", states.size(),
        [](std::size_t i) { return membership_sources[i]; },
        [&](std::size_t i) { return states[i].ok ? 1 : 0; });
    const auto& cache = node.source_cache;
    const std::array<std::uint64_t, 3> looks{cache.hits, cache.misses, cache.stale};
    constexpr std::array<const char*, 3> results{"hit", "miss", "stale"};
    each(
        "starling_membership_cache_total",
        "Sessions and questions by whether answers of sources were remembered.",
        MetricType::Counter, "result", looks.size(), [&](std::size_t i) { return results[i]; },
        [&](std::size_t i) { return looks[i]; });
    gauge("starling_membership_cached_users", "Users whose memberships are remembered.",
          static_cast<double>(cache.users));
    gauge("starling_membership_cached", "Memberships that are remembered.",
          static_cast<double>(cache.memberships));
  }

  std::string text() const { return prometheus::TextSerializer{}.Serialize(families_); }

 private:
  void begin(const char* name, const char* help, MetricType type) {
    families_.push_back({name, help, type, {}});
  }

  const loops& loops_;
  std::vector<MetricFamily> families_;
};

double open_files() {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir("/proc/self/fd"), closedir);
  double count = -3;  // ".", "..", and the one being read
  while (dir && readdir(dir.get())) ++count;
  return count;
}

double lost_messages(const actors::ingestion* of) {
  double out = 0;
  if (of)
    for (const auto& source : of->sources()) out += static_cast<double>(source.lost);
  return out;
}

}  // namespace

std::string metrics_page(const actors::node_context& node, const actors::ingestion* ingestion,
                         const loops& from) {
  const auto index = [](const auto& names) { return [&](std::size_t i) { return names[i]; }; };
  const auto closing = [](std::size_t i) { return info(static_cast<close_code>(i)).code; };
  const auto failing = [](std::size_t i) { return info(static_cast<errc>(i)).code; };
  using m = shard_metrics;
  page out(from);
  out.by_label("starling_sessions", "Open sessions.", MetricType::Gauge, "transport", &m::sessions,
               index(transports));
  out.counter("starling_sessions_opened_total", "Sessions opened.", out.sum(&m::sessions_opened));
  out.by_label("starling_sessions_closed_total", "Sessions ended, by goodbye code.",
               MetricType::Counter, "code", &m::sessions_closed, closing);
  out.histogram("starling_session_duration_seconds", "Lifetime of ended sessions.",
                &m::session_duration);
  out.by_label("starling_events_in_total", "Events accepted, where they were accepted.",
               MetricType::Counter, "source", &m::events_in, index(sources));
  out.each(
      "starling_mapping_total", "Messages of foreign publishers, by what became of them.",
      MetricType::Counter, "result", net::mapping_result_count,
      [](std::size_t i) { return net::to_string(static_cast<net::mapping_result>(i)); },
      [&](std::size_t i) {
        return ingestion ? ingestion->counts().all(static_cast<net::mapping_result>(i)) : 0;
      });
  out.counter("starling_mapping_lost_total",
              "Messages of foreign publishers that nobody has ingested, at most.",
              lost_messages(ingestion));
  out.by_label("starling_deliveries_total", "Events written to sessions.", MetricType::Counter,
               "transport", &m::deliveries, index(transports));
  out.histogram("starling_delivery_latency_seconds",
                "From acceptance of the publish to the write to the socket.", &m::delivery_latency);
  out.counter("starling_bytes_out_total", "Bytes written to sessions.", out.sum(&m::bytes_out));
  out.gauge("starling_outbox_bytes", "Bytes waiting in outboxes.", out.sum(&m::outbox_bytes));
  out.by_label("starling_dropped_total", "Events or sessions given up, by reason.",
               MetricType::Counter, "reason", &m::dropped, index(reasons));
  out.counter("starling_replayed_total", "Events replayed to resuming sessions.",
              out.sum(&m::replayed));
  out.by_label("starling_gaps_total", "Events found missing on this node, by outcome.",
               MetricType::Counter, "result", &m::gaps, index(gap_results));
  out.gauge("starling_engine_connected", "1 while the engine is connected.",
            node.engine->messages().connected() ? 1 : 0);
  const auto refusal_of = [](std::size_t i) { return static_cast<cluster::refusal>(i); };
  out.each(
      "starling_foreign_messages_total", "Messages over NATS that were refused, by reason.",
      MetricType::Counter, "reason", cluster::refusal_count,
      [&](std::size_t i) { return cluster::to_string(refusal_of(i)); },
      [&](std::size_t i) { return cluster::refused(refusal_of(i)); });
  const auto& parts = node.partitions;
  const auto number = [](std::size_t i) { return std::to_string(i); };
  const auto by_partition = [&](const char* name, const char* help, auto value_of) {
    out.each(name, help, MetricType::Gauge, "partition", parts.size(), number, value_of);
  };
  by_partition("starling_partition_ready", "1 while this node is connected to the partition.",
               [&](std::size_t i) { return parts[i].ready.load() ? 1 : 0; });
  by_partition("starling_partition_caught_up", "1 while nothing is read again or missing.",
               [&](std::size_t i) { return parts[i].caught_up.load() ? 1 : 0; });
  by_partition("starling_partition_position", "Last stored event that this node has handled.",
               [&](std::size_t i) { return parts[i].position.load(); });
  by_partition("starling_partition_waiting", "Events that came and wait for earlier ones.",
               [&](std::size_t i) { return parts[i].waiting.load(); });
  out.gauge("starling_rooms", "Rooms with members on this node.", static_cast<double>(node.rooms));
  out.gauge("starling_users", "Users with sessions on this node.", static_cast<double>(node.users));
  out.gauge("starling_actors", "Actors alive: one per session, room and user, and the node's own.",
            static_cast<double>(actors::living_actors()));
  out.membership(node);
  out.by_label("starling_publish_errors_total", "Events refused, by error code.",
               MetricType::Counter, "code", &m::publish_errors, failing);
  out.by_label("starling_http_errors_total", "Requests refused, by error code.",
               MetricType::Counter, "code", &m::http_errors, failing);
  out.limits();
  const auto usage = actors::process_usage::now();
  out.counter("process_cpu_seconds_total", "User and system time.", usage.cpu_seconds);
  out.gauge("process_resident_memory_bytes", "Resident memory.",
            static_cast<double>(usage.rss_bytes));
  out.gauge("process_open_fds", "Open file descriptors.", open_files());
  static const auto started = static_cast<double>(wall_ms()) / 1000;
  out.gauge("process_start_time_seconds", "Start of this process, epoch seconds.", started);
  return out.text();
}

}  // namespace starling::app
