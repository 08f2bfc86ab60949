#include "apps/starling-bench/run/scenarios.hpp"
#include "apps/starling-bench/run/world.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>

namespace starling::bench {

namespace {

constexpr std::int64_t drain_limit_ns = 10 * second_ns;
constexpr double join_seconds = 1;
constexpr std::int64_t late_note_ns = second_ns / 1000;

/// Drops sessions at the asked rate and lets them resume where they were.
class reconnector {
 public:
  explicit reconnector(world& all) : all_(all), start_(now_ns()) {}

  void turn() {
    const auto due =
        static_cast<std::uint64_t>(std::max(0.0, all_.asked.reconnect_rate) *
                                   (static_cast<double>(now_ns() - start_) / second_ns));
    for (; dropped_ < due; ++dropped_) {
      const auto session = pick_(random_);
      if (!all_.sessions.is_live(session)) continue;
      all_.sessions.close(session);
      all_.sessions.open(session);
      ++resumed_;
    }
  }
  std::uint64_t resumed() const noexcept { return resumed_; }

 private:
  world& all_;
  std::int64_t start_;
  std::uint64_t dropped_ = 0;
  std::uint64_t resumed_ = 0;
  std::minstd_rand random_{1};
  std::uniform_int_distribution<std::uint32_t> pick_{0, all_.asked.sessions - 1};
};

/// After the last send: every answer and every delivery, or ten seconds without progress.
void drain(world& all) {
  auto progress_at = now_ns();
  auto progress = all.books.delivered();
  while (all.publishers.outstanding_posts() > 0 || all.books.outstanding() > 0 ||
         !all.sessions.settled()) {
    all.step();
    const auto now = now_ns();
    if (all.books.delivered() != progress) {
      progress = all.books.delivered();
      progress_at = now;
    }
    if (now - progress_at > drain_limit_ns) return;
  }
}

void add_rates(world& all, const snapshot& begin, const snapshot& end) {
  const double seconds = static_cast<double>(end.time_ns - begin.time_ns) / second_ns;
  const auto deliveries = static_cast<double>(end.delivered - begin.delivered);
  const auto acked = static_cast<double>(end.published.acked - begin.published.acked);
  auto& result = all.result;
  result.add("seconds", "measured", seconds, "s", 2);
  if (all.asked.mode != run_mode::publish) {
    result.add("deliveries_per_s", "deliveries", deliveries / seconds, "/s");
  }
  result.add("acks_per_s", "events acknowledged", acked / seconds, "/s", acked < 1e5 ? 1 : 0);
  result.add("posts_per_s", "POSTs answered", acked / seconds / all.asked.batch, "/s",
             acked < 1e5 ? 1 : 0);
  if (begin.server && end.server) {
    const double cpu = end.server->cpu_seconds - begin.server->cpu_seconds;
    if (deliveries > 0) {
      result.add("server_cpu_s_per_million_deliveries", "server CPU per million deliveries",
                 cpu / deliveries * 1e6, "s", 2);
    }
    if (acked > 0) {
      result.add("server_cpu_s_per_million_events", "server CPU per million events",
                 cpu / acked * 1e6, "s", 2);
    }
  }
}

void add_latencies(world& all) {
  all.result.add_latency("delivery", "publish to client", all.latency());
  all.result.add_latency("remote", "publish to client of another node",
                         all.sessions.remote_latency());
  all.result.add_latency("ack", "publish to answer", all.publishers.ack_latency());
  const auto& late = all.publishers.lateness();
  if (late.count() == 0) return;
  const auto p99 = late.percentile(99);
  all.result.add("send_late_p99_ms", "send later than planned p99", static_cast<double>(p99) / 1e6,
                 "ms", 3);
  all.result.latencies.push_back({"send_late", "send later than planned", late});
  if (p99 <= late_note_ns) return;
  const bool server = all.publishers.late_for_server() * 200 > late.count();
  all.result.notes.push_back(
      std::string("open-loop sends were late (latency counts from the planned time): ") +
      (server ? "all publisher connections waited for answers; the server does not keep up, or add "
                "--publishers"
              : "starling-bench was busy reading, or was not given the CPU: it was itself the "
                "bottleneck"));
}

void add_checks(world& all, const publish_counters& published) {
  auto& result = all.result;
  const auto books = all.books.close();
  const auto count = [&](const char* key, const char* label, std::uint64_t value, bool bad) {
    result.add(key, label, static_cast<double>(value));
    if (bad && value > 0) {
      result.failures.push_back(std::string(label) + ": " + grouped(static_cast<double>(value)));
    }
  };
  count("events_sent", "events sent in all", published.sent, false);
  count("deliveries", "deliveries in all", all.books.delivered(), false);
  count("lost", "lost", books.lost, true);
  count("duplicated", "duplicated", books.duplicated, true);
  count("reordered", "out of order", books.reordered, true);
  count("order_disagreements", "sessions that saw another order", books.disagreements, true);
  count("publish_failed", "events not acknowledged", published.failed, true);
}

void finish_slow(world& all) {
  all.sessions.resume_stalled();
  all.run_for(2);
  auto open = static_cast<std::uint64_t>(all.asked.stalled);
  for (const auto& [code, count] : all.sessions.stalled_goodbyes()) {
    all.result.notes.push_back("stalled sessions: " + code + ": " +
                               grouped(static_cast<double>(count)));
    open -= std::min(open, count);
  }
  if (open > 0) {
    all.result.notes.push_back(
        "stalled sessions: still open: " + grouped(static_cast<double>(open)) +
        " (what they were sent may fit into the kernel's buffers: raise "
        "--payload, --rate or --duration)");
  }
}

}  // namespace

void run_traffic(world& all) {
  const auto& asked = all.asked;
  const auto opened = all.take_snapshot();
  const bool listens = asked.mode != run_mode::publish;
  if (listens) {
    all.connect_sessions();
    // A server that does not greet may have answered before the session is in its room.
    if (!greets(asked.speaks)) all.run_for(join_seconds);
    all.add_memory(opened, all.take_snapshot());
  }
  const bool nobody = listens && all.sessions.live() == 0;
  if (nobody || !all.connect_publishers()) return all.add_common(opened, all.take_snapshot());
  for (std::int32_t i = 0; i < asked.stalled; ++i) {
    all.sessions.stall(static_cast<std::uint32_t>(i));
  }
  all.publishers.start();
  all.run_for(asked.warmup);
  all.begin_measuring();
  const auto begin = all.take_snapshot();
  const auto until = begin.time_ns + static_cast<std::int64_t>(asked.duration * second_ns);
  reconnector reconnects(all);
  while (now_ns() < until) {
    if (asked.mode == run_mode::soak) reconnects.turn();
    all.step();
  }
  const auto end = all.take_snapshot();
  all.publishers.stop();
  drain(all);
  add_rates(all, begin, end);
  add_latencies(all);
  add_checks(all, all.publishers.counters());
  if (asked.mode == run_mode::soak) {
    all.result.add("resumed", "sessions dropped and resumed",
                   static_cast<double>(reconnects.resumed()));
    if (const auto lost = all.sessions.counters().resume_losses; lost > 0) {
      all.result.failures.push_back("resumes the server answered with a loss: " +
                                    grouped(static_cast<double>(lost)));
    }
  }
  if (asked.mode == run_mode::slow) finish_slow(all);
  all.add_common(begin, end);
}

}  // namespace starling::bench
