#include "apps/starling-bench/run/scenarios.hpp"
#include "apps/starling-bench/run/world.hpp"

#include <signal.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <queue>
#include <random>
#include <utility>
#include <vector>

namespace starling::bench {

namespace {

constexpr std::int64_t patience_ns = 60 * second_ns;
/// A client is never promised to be back sooner.
constexpr double least_bound_s = 2;
constexpr std::int64_t rate_window_ns = second_ns / 4;

// As the official clients (apps/clients/js/src/retry.js).
constexpr double first_retry_ms = 500;
constexpr double growth = 1.1;
constexpr double ceiling_ms = 1200;

/// Sessions that were cut come back as the official clients do: first after the `retry` that their
/// node named, at the next node; then in short, flat steps around it.
class returning {
 public:
  explicit returning(world& all) : all_(all), tries_(all.asked.sessions, 0) {
    all_.sessions.set_observer([this](std::uint32_t session, bool live) {
      live ? came_back(session) : was_lost(session);
    });
  }
  ~returning() { all_.sessions.set_observer({}); }
  returning(const returning&) = delete;
  returning& operator=(const returning&) = delete;

  void killed() { killed_ns_ = now_ns(); }
  void turn() {
    const auto now = now_ns();
    for (; !due_.empty() && due_.top().first <= now; due_.pop()) {
      all_.sessions.move_on(due_.top().second);
      all_.sessions.open(due_.top().second);
    }
    all_.step(due_.empty() ? now + second_ns / 20 : due_.top().first);
  }
  bool all_back() const noexcept { return lost_ > 0 && back_.size() == lost_; }
  std::size_t lost() const noexcept { return lost_; }
  std::size_t failed_tries() const noexcept { return failed_tries_; }
  const std::vector<std::int64_t>& back() const noexcept { return back_; }

 private:
  void was_lost(std::uint32_t session) {
    const auto attempt = tries_[session]++;
    attempt == 0 ? ++lost_ : ++failed_tries_;
    const double told = all_.sessions.retry_ms(session, first_retry_ms);
    double wait = told;  // the server has jittered it
    if (attempt > 0) {
      const double flat = std::min(told * std::pow(growth, attempt), std::max(told, ceiling_ms));
      wait = flat * (0.5 + std::uniform_real_distribution<>(0, 1)(random_));
    }
    due_.emplace(now_ns() + static_cast<std::int64_t>(wait * 1e6), session);
  }
  void came_back(std::uint32_t session) {
    tries_[session] = 0;
    back_.push_back(now_ns() - killed_ns_);
  }

  using moment = std::pair<std::int64_t, std::uint32_t>;
  world& all_;
  std::vector<std::uint32_t> tries_;  // since the session was last live
  std::priority_queue<moment, std::vector<moment>, std::greater<>> due_;
  std::vector<std::int64_t> back_;  // after the kill, in order
  std::int64_t killed_ns_ = 0;
  std::size_t lost_ = 0;
  std::size_t failed_tries_ = 0;
  std::minstd_rand random_{std::random_device{}()};
};

/// The most that came back within any `rate_window_ns`, per second.
double peak_rate(const std::vector<std::int64_t>& times) {
  std::size_t most = 0;
  for (std::size_t first = 0, last = 0; last < times.size(); ++last) {
    while (times[last] - times[first] > rate_window_ns) ++first;
    most = std::max(most, last - first + 1);
  }
  return static_cast<double>(most) * second_ns / rate_window_ns;
}

double seconds(std::int64_t ns) { return static_cast<double>(ns) / second_ns; }

/// CPU of `sessions` that connected between `begin` and `end`, per thousand; not known without
/// pids.
void add_cost(report& result, const std::string& key, const std::string& label, double sessions,
              const std::optional<process_usage>& begin, const std::optional<process_usage>& end) {
  if (!begin || !end || sessions <= 0) return;
  result.add(key, label, (end->cpu_seconds - begin->cpu_seconds) * 1e6 / sessions, "ms", 1);
}

}  // namespace

void run_recovery(world& all) {
  const auto& asked = all.asked;
  auto& result = all.result;
  const auto empty = all.take_snapshot();
  all.connect_sessions();
  const auto full = all.take_snapshot();
  const double accept_rate =
      static_cast<double>(full.sessions.connected - empty.sessions.connected) /
      seconds(full.time_ns - empty.time_ns);
  all.run_for(settle_seconds);
  if (all.sessions.live() < asked.sessions) {
    result.failures.push_back("not all sessions connected: nothing was killed");
    return all.add_common(empty, all.take_snapshot());
  }

  all.begin_measuring();
  all.sessions.set_concurrency(asked.sessions);  // each client is on its own
  const auto begin = all.take_snapshot();
  returning clients(all);
  clients.killed();
  if (::kill(asked.kill, SIGKILL) != 0) {
    result.failures.push_back("--kill: no such process, or it may not be killed");
    return all.add_common(begin, all.take_snapshot());
  }
  const auto limit = begin.time_ns + patience_ns;
  while (!clients.all_back() && now_ns() < limit) clients.turn();

  const auto& back = clients.back();
  const auto lost = static_cast<double>(clients.lost());
  result.add("lost_sessions", "sessions of the node that was killed", lost);
  result.add("accept_per_s", "sessions accepted before, at full speed", accept_rate, "/s");
  if (clients.lost() == 0) {
    result.failures.push_back("--kill: that process had none of the sessions");
  } else if (!clients.all_back()) {
    result.failures.push_back(grouped(lost - static_cast<double>(back.size())) +
                              " sessions are not back after 60 s");
  } else {
    histogram times;
    for (const auto each : back) times.record(each);
    result.add("return_peak_per_s", "most that came back, per second", peak_rate(back), "/s");
    result.add("failed_tries", "tries that were refused or cut",
               static_cast<double>(clients.failed_tries()));
    result.add_latency("back", "back after the kill", times);
    const double last = seconds(back.back());
    const double bound = std::max(least_bound_s, lost / accept_rate);
    result.add("last_back_s", "last one back", last, "s", 2);
    result.add("bound_s", "bound: 2 s, or sessions / accepted per second", bound, "s", 2);
    const auto end = all.take_snapshot();
    // Of the servers only those that live on are looked at.
    add_cost(result, "server_cpu_ms_per_thousand_connects", "server CPU per 1,000 that were new",
             asked.sessions - lost, empty.server, full.server);
    add_cost(result, "server_cpu_ms_per_thousand_returns", "server CPU per 1,000 that came back",
             lost, begin.server, end.server);
    add_cost(result, "side_cpu_ms_per_thousand_connects", "CPU counted apart, 1,000 new",
             asked.sessions, empty.side, full.side);
    add_cost(result, "side_cpu_ms_per_thousand_returns", "CPU counted apart, 1,000 back", lost,
             begin.side, end.side);
    if (last > bound) result.failures.push_back("the last one was back later than the bound");
  }
  all.add_common(begin, all.take_snapshot(),
                 {.failed = clients.failed_tries(), .closed_early = clients.lost()});
}

}  // namespace starling::bench
