#include "apps/starling-bench/run/world.hpp"

#include "apps/starling-bench/wire/token.hpp"

#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <iostream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace starling::bench {

namespace {

constexpr std::int64_t publisher_limit_ns = 10 * second_ns;
constexpr long token_margin_s = 3600;

/// Distinguishes the rooms and users of this run from those of an earlier one on the same cluster.
const std::string& run_prefix() {
  static const std::string prefix = [] {
    std::ostringstream text;
    // Short, so that the names of a thousand rooms fit into one request.
    text << 'b' << std::hex << (std::random_device{}() & 0xffffff) << '.';
    return text.str();
  }();
  return prefix;
}

std::string user_name(std::uint32_t session) {
  return run_prefix() + 'u' + std::to_string(session);
}

long token_expiry(const options& o) {
  return static_cast<long>(std::time(nullptr)) + static_cast<long>(o.duration + o.warmup) +
         token_margin_s;
}

dialer make_dialer(const std::vector<std::string>& urls, const options& o) {
  std::vector<target> targets;
  for (const auto& url : urls) targets.push_back(parse_target(url));
  std::vector<in_addr> sources;
  for (const auto& source : o.sources) sources.push_back(parse_source(source));
  return {std::move(targets), std::move(sources)};
}

/// One for each tenant that is published to.
std::vector<std::string> publisher_tokens(const options& o) {
  if (o.secret.empty()) return o.token.empty() ? std::vector<std::string>{} : std::vector{o.token};
  std::vector<std::string> out;
  for (std::uint32_t i = 0; i < o.tenants; ++i) {
    const auto tenant = o.tenants == 1 ? "" : "bench-" + std::to_string(i);
    const auto claims = publisher_claims(run_prefix() + "publisher", tenant, token_expiry(o));
    out.push_back(sign_token(o.secret, claims));
  }
  return out;
}

publisher_settings settings_for(const options& o) {
  publisher_settings s;
  s.connections = o.publishers;
  s.pipeline = o.pipeline;
  s.batch = o.batch;
  s.payload_bytes = o.payload;
  s.ephemeral = o.ephemeral;
  s.rate = o.rate;
  s.speaks = o.speaks;
  s.over = o.over;
  s.layout = o.layout();
  const auto members = std::max(1u, o.sessions / s.layout.groups());
  s.max_undelivered = std::int64_t{o.window} * members;
  s.tokens = publisher_tokens(o);
  return s;
}

void check_file_limit(const options& o) {
  constexpr std::uint64_t others = 32;
  const auto limit = raise_file_limit();
  const bool churns = o.mode == run_mode::churn;
  const auto needed = std::uint64_t{o.sessions} + (churns ? o.concurrency : o.publishers) + others;
  if (needed <= limit) return;
  throw std::invalid_argument("needs " + std::to_string(needed) +
                              " open files, this process may have " + std::to_string(limit) +
                              ": lower --sessions, raise ulimit -n, or start several processes");
}

}  // namespace

world::world(const options& o, report& r)
    : asked(o),
      result(r),
      dial(make_dialer(o.targets, o)),
      publish_dial(make_dialer(o.publish_targets.empty() ? o.targets : o.publish_targets, o)),
      books(publisher_pool::lanes_for(o.publishers, o.layout().rooms)),
      sessions(loop, dial, books,
               {o.websocket, o.mode == run_mode::soak || o.mode == run_mode::recovery,
                o.concurrency, o.speaks, o.layout(),
                [this](std::uint32_t session) -> const std::string& {
                  return tokens_.empty() ? asked.token : tokens_[session];
                }}),
      publishers(loop, publish_dial, books, settings_for(o)) {
  check_file_limit(o);
  const bool unknown =
      (!o.pids.empty() && !usage_of(o.pids)) || (!o.side_pids.empty() && !usage_of(o.side_pids));
  if (unknown) {
    throw std::invalid_argument("--pid, --side-pid: no such process, or it may not be looked at");
  }
  if (const auto limit = file_limit_of(o.pids); limit > 0 && limit < o.sessions) {
    result.notes.push_back("a server process may have only " + grouped(static_cast<double>(limit)) +
                           " open files");
  }
  lay_out();
  last_ = take_snapshot();
  next_report_ = last_.time_ns + static_cast<std::int64_t>(o.report_every * second_ns);
}

void world::lay_out() {
  const bool direct = asked.mode == run_mode::direct;
  for (std::uint32_t i = 0; i < asked.layout().rooms; ++i) {
    books.add_audience(direct ? user_name(i) : run_prefix() + std::to_string(i), direct);
  }
  // A churning session needs spare ones: a user must not come back while the old socket closes.
  const auto spare = asked.mode == run_mode::churn ? asked.sessions + 2 * asked.concurrency : 0;
  const auto count = asked.mode == run_mode::publish ? 0 : asked.sessions + spare;
  const auto large = asked.mode == run_mode::soak ? asked.sessions / 5 : 0;
  // Signed beforehand: 4 us for each would slow the connects that are measured.
  const auto expires = token_expiry(asked);
  for (std::uint32_t i = 0; i < count && !asked.secret.empty(); ++i) {
    const auto claims = session_claims(user_name(i), run_prefix(), expires);
    tokens_.push_back(sign_token(asked.secret, claims));
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    sessions.add(i < large ? 0 : i % asked.layout().groups(),
                 i < static_cast<std::uint32_t>(asked.stalled));
    const bool to_a_node = asked.over == carrier::http;
    if (to_a_node && !publish_dial.knows(dial.at(i).host_port)) sessions.set_remote(i);
  }
}

void world::step(std::int64_t deadline) {
  sessions.pump();
  loop.poll(std::min({deadline, publishers.pump(), next_report_}));
  const auto now = now_ns();
  if (now >= next_report_) tick(now);
}

void world::run_for(double seconds) {
  const auto end = now_ns() + static_cast<std::int64_t>(seconds * second_ns);
  while (now_ns() < end) step();
}

void world::connect_sessions() {
  for (std::uint32_t i = 0; i < asked.sessions; ++i) sessions.open(i);
  while (!sessions.settled()) step();
}

bool world::connect_publishers() {
  publishers.open_all();
  const auto limit = now_ns() + publisher_limit_ns;
  while (!publishers.all_ready()) {
    if (now_ns() > limit) {
      result.failures.push_back("publishers cannot connect");
      return false;
    }
    step();
  }
  return true;
}

snapshot world::take_snapshot() const {
  return {.time_ns = now_ns(),
          .published = publishers.counters(),
          .sessions = sessions.counters(),
          .delivered = books.delivered(),
          .own_cpu = own_cpu_seconds(),
          .machine_cpu = machine_cpu_seconds(),
          .server = usage_of(asked.pids),
          .side = usage_of(asked.side_pids),
          .server_threads = thread_usages_of(asked.pids)};
}

void world::begin_measuring() {
  latency();
  total_latency_.clear();
  sessions.remote_latency().clear();
  measure_start_ = now_ns();
  sessions.measure_from(measure_start_);
  publishers.measure_from(measure_start_);
}

histogram& world::latency() {
  total_latency_.merge(sessions.latency());
  sessions.latency().clear();
  return total_latency_;
}

void world::tick(std::int64_t now) {
  const auto current = take_snapshot();
  const double seconds = static_cast<double>(current.time_ns - last_.time_ns) / second_ns;
  const auto rate = [&](std::uint64_t from, std::uint64_t to) {
    return static_cast<double>(to - from) / seconds;
  };
  const bool measuring = measure_start_ > 0;
  sample s;
  s.seconds = measuring ? static_cast<double>(now - measure_start_) / second_ns : 0;
  s.sent = rate(last_.published.sent, current.published.sent);
  s.acked = rate(last_.published.acked, current.published.acked);
  s.delivered = rate(last_.delivered, current.delivered);
  s.connects = rate(last_.sessions.connected, current.sessions.connected);
  s.live = sessions.live();
  s.p50_ms = static_cast<double>(sessions.latency().percentile(50)) / 1e6;
  s.p99_ms = static_cast<double>(sessions.latency().percentile(99)) / 1e6;
  s.own_cores = (current.own_cpu - last_.own_cpu) / seconds;
  if (current.server && last_.server) {
    s.server_cores = (current.server->cpu_seconds - last_.server->cpu_seconds) / seconds;
    s.server_rss_mib = static_cast<double>(current.server->rss_bytes) / (1 << 20);
  }
  if (measuring) result.timeline.push_back(s);
  print_progress(s, measuring, current.server.has_value());
  latency();
  last_ = current;
  next_report_ = now + static_cast<std::int64_t>(asked.report_every * second_ns);
}

void world::print_progress(const sample& s, bool measuring, bool with_server) const {
  std::cerr << (measuring ? grouped(s.seconds, 1) + " s" : std::string("setup")) << "  live "
            << grouped(static_cast<double>(s.live)) << "  connects " << grouped(s.connects)
            << "/s  sent " << grouped(s.sent) << "/s  acked " << grouped(s.acked)
            << "/s  delivered " << grouped(s.delivered) << "/s  p50 " << grouped(s.p50_ms, 2)
            << " ms  p99 " << grouped(s.p99_ms, 2) << " ms";
  if (with_server) {
    std::cerr << "  server " << grouped(100 * s.server_cores) << " % CPU "
              << grouped(s.server_rss_mib, 1) << " MiB";
  }
  std::cerr << "  self " << grouped(100 * s.own_cores) << " % CPU\n";
}

void world::add_memory(const snapshot& empty, const snapshot& full) {
  if (!empty.server || !full.server || sessions.live() == 0) return;
  const auto grown = static_cast<double>(full.server->rss_bytes - empty.server->rss_bytes);
  const auto live = static_cast<double>(sessions.live());
  result.add("rss_kib_per_session", "server memory per session", grown / live / 1024, "KiB", 2);
  if (asked.rooms_per_session > 1) {
    result.add("rss_kib_per_subscription", "server memory per session and room",
               grown / live / 1024 / asked.rooms_per_session, "KiB", 3);
  }
  result.add("rss_before_mib", "server RSS before",
             static_cast<double>(empty.server->rss_bytes) / (1 << 20), "MiB", 1);
}

void world::add_usage(const snapshot& begin, const snapshot& end) {
  const double seconds = static_cast<double>(end.time_ns - begin.time_ns) / second_ns;
  if (begin.server && end.server) {
    const double cpu = end.server->cpu_seconds - begin.server->cpu_seconds;
    const double side =
        begin.side && end.side ? end.side->cpu_seconds - begin.side->cpu_seconds : 0;
    const double others =
        end.machine_cpu - begin.machine_cpu - cpu - side - (end.own_cpu - begin.own_cpu);
    if (others > 0.2 * seconds) {
      result.notes.push_back("other processes used " + grouped(others / seconds, 1) +
                             " cores meanwhile: measure again on a quiet machine");
    }
    result.add("server_cores", "server CPU", cpu / seconds, "cores", 2);
    if (end.side) result.add("side_cores", "CPU counted apart", side / seconds, "cores", 2);
    if (const auto balance = balance_of(begin.server_threads, end.server_threads)) {
      result.add("shard_busiest_to_mean", "busiest shard thread", balance->busiest_to_mean,
                 "x mean", 2);
      result.add("shard_others_share", "CPU of other threads", balance->others_to_shards,
                 "x shards", 2);
    }
    result.add("server_rss_mib", "server RSS",
               static_cast<double>(end.server->rss_bytes) / (1 << 20), "MiB", 1);
  } else if (begin.server) {
    result.failures.push_back("the server process given by --pid ended");
  }
  const double own = (end.own_cpu - begin.own_cpu) / seconds;
  result.add("own_cores", "CPU of starling-bench", own, "cores", 2);
  if (own > 0.9 && seconds > 0.5) {
    result.notes.push_back("starling-bench itself used " + grouped(100 * own) +
                           " % of its one core: the number may be its limit, not the server's");
  }
}

void world::add_common(const snapshot& begin, const snapshot& end, const pool_counters& expected) {
  add_usage(begin, end);
  auto counted = sessions.counters();
  counted.failed -= expected.failed;
  counted.closed_early -= expected.closed_early;
  if (counted.failed > 0) {
    result.failures.push_back(grouped(static_cast<double>(counted.failed)) + " connects failed");
  }
  if (counted.closed_early > 0) {
    result.failures.push_back(grouped(static_cast<double>(counted.closed_early)) +
                              " sessions were closed by the server");
  }
  for (const auto& [reason, count] : sessions.reasons()) {
    result.notes.push_back("sessions: " + reason + ": " + grouped(static_cast<double>(count)));
  }
  for (const auto& [reason, count] : publishers.failures()) {
    result.notes.push_back("publishing: " + reason + ": " + grouped(static_cast<double>(count)));
  }
}

}  // namespace starling::bench
