#include "apps/starling-bench/run/scenarios.hpp"
#include "apps/starling-bench/run/world.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <numeric>
#include <string>

namespace starling::bench {

namespace {

double per_second(std::uint64_t from, std::uint64_t to, const snapshot& begin,
                  const snapshot& end) {
  return static_cast<double>(to - from) /
         (static_cast<double>(end.time_ns - begin.time_ns) / second_ns);
}

/// Keeps `asked.sessions` open while always opening more: the oldest goes when a new one is live.
class churner {
 public:
  explicit churner(world& all)
      : all_(all), idle_(2 * all.asked.sessions + 2 * all.asked.concurrency) {
    std::iota(idle_.begin(), idle_.end(), 0u);
    all_.sessions.set_observer([this](std::uint32_t session, bool live) {
      live ? went_live(session) : idle_.push_back(session);
    });
  }
  ~churner() { all_.sessions.set_observer({}); }
  churner(const churner&) = delete;
  churner& operator=(const churner&) = delete;

  bool full() const noexcept { return live_.size() >= all_.asked.sessions; }

  /// From now on connects follow the asked rate, if there is one.
  void start_schedule() {
    start_ = now_ns();
    scheduled_ = 0;
  }

  void turn() {
    const bool scheduled = start_ > 0 && all_.asked.rate > 0;
    const auto due = static_cast<std::uint64_t>(
        all_.asked.rate * (static_cast<double>(now_ns() - start_) / second_ns));
    while (!idle_.empty() && waiting() < all_.asked.concurrency) {
      if (scheduled && scheduled_ >= due) break;
      ++scheduled_;
      all_.sessions.open(idle_.front());
      ++pending_;
      idle_.pop_front();
      if (waiting() >= all_.asked.concurrency) break;
    }
    all_.step();
    pending_ = 0;
  }

 private:
  std::size_t waiting() const noexcept { return all_.sessions.opening() + pending_; }

  void went_live(std::uint32_t session) {
    live_.push_back(session);
    if (live_.size() <= all_.asked.sessions) return;
    all_.sessions.close(live_.front());
    idle_.push_back(live_.front());
    live_.pop_front();
  }

  world& all_;
  std::deque<std::uint32_t> idle_;
  std::deque<std::uint32_t> live_;
  std::int64_t start_ = 0;
  std::uint64_t scheduled_ = 0;
  std::size_t pending_ = 0;  // given to the pool, which starts them in its next turn
};

}  // namespace

void run_idle(world& all) {
  const auto& asked = all.asked;
  const auto empty = all.take_snapshot();
  all.connect_sessions();
  const auto connected = all.take_snapshot();
  all.run_for(settle_seconds);
  all.begin_measuring();
  const auto begin = all.take_snapshot();
  all.run_for(asked.duration);
  const auto end = all.take_snapshot();
  auto& result = all.result;
  result.add("sessions_live", "sessions open at the end", static_cast<double>(all.sessions.live()));
  result.add("connects_per_s", "connects",
             per_second(empty.sessions.connected, connected.sessions.connected, empty, connected),
             "/s");
  if (empty.server && end.server && all.sessions.live() > 0) {
    all.add_memory(empty, end);
    const double cpu = connected.server->cpu_seconds - empty.server->cpu_seconds;
    result.add("server_cpu_ms_per_thousand_connects", "server CPU per 1,000 connects",
               cpu * 1e6 / static_cast<double>(all.sessions.counters().connected), "ms", 1);
  } else {
    result.notes.push_back("give --pid of the server to measure its memory per session");
  }
  result.add_latency("connect", "connect to first event", all.sessions.connect_latency());
  all.add_common(begin, end);
}

void run_churn(world& all) {
  const auto& asked = all.asked;
  const auto opened = all.take_snapshot();
  churner churn(all);
  while (!churn.full()) {
    churn.turn();
    const bool hopeless = all.sessions.counters().failed > asked.sessions;
    if (hopeless) return all.add_common(opened, all.take_snapshot());
  }
  churn.start_schedule();
  const auto warm = now_ns() + static_cast<std::int64_t>(asked.warmup * second_ns);
  while (now_ns() < warm) churn.turn();
  all.begin_measuring();
  all.sessions.connect_latency().clear();
  const auto begin = all.take_snapshot();
  const auto until = begin.time_ns + static_cast<std::int64_t>(asked.duration * second_ns);
  while (now_ns() < until) churn.turn();
  const auto end = all.take_snapshot();
  const auto good = end.sessions.connected - begin.sessions.connected;
  const auto bad = end.sessions.failed - begin.sessions.failed;
  auto& result = all.result;
  const double rate = per_second(begin.sessions.connected, end.sessions.connected, begin, end);
  result.add("connects_per_s", "connects", rate, "/s");
  result.add("connect_success_percent", "connects that succeeded",
             good + bad > 0 ? 100 * static_cast<double>(good) / static_cast<double>(good + bad) : 0,
             "%", 2);
  if (begin.server && end.server && good > 0) {
    const double cpu = end.server->cpu_seconds - begin.server->cpu_seconds;
    result.add("server_cpu_ms_per_thousand_connects", "server CPU per 1,000 connects",
               cpu * 1e6 / static_cast<double>(good), "ms", 1);
  }
  result.add_latency("connect", "connect to first event", all.sessions.connect_latency());
  if (asked.rate > 0 && rate < 0.98 * asked.rate) {
    result.notes.push_back("the asked rate of " + grouped(asked.rate) +
                           " connects/s was not reached");
  }
  all.add_common(begin, end);
}

}  // namespace starling::bench
