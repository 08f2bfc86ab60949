/// All client connections of a run, and what they have seen.
#pragma once

#include "apps/starling-bench/clients/session.hpp"
#include "apps/starling-bench/measure/histogram.hpp"
#include "apps/starling-bench/measure/ledger.hpp"
#include "apps/starling-bench/plan/dialect.hpp"
#include "apps/starling-bench/plan/room_layout.hpp"
#include "apps/starling-bench/wire/stamp.hpp"
#include "apps/starling-bench/wire/target.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace starling::bench {

struct pool_settings {
  bool websocket = false;
  bool keep_cursors = false;  // remember ids, so that a session can resume
  std::size_t concurrency = 256;
  dialect speaks = dialect::starling;
  room_layout layout;
  /// Token of the session's user, empty for none.
  std::function<const std::string&(std::uint32_t session)> token;
};

/// Counters since the start; the caller subtracts.
struct pool_counters {
  std::uint64_t connected = 0;
  std::uint64_t failed = 0;         // never got `connected`
  std::uint64_t closed_early = 0;   // by the server, while live
  std::uint64_t resume_losses = 0;  // resumes the server answered with a `lost` list
};

class session_pool {
 public:
  session_pool(event_loop& loop, dialer& dial, ledger& books, pool_settings settings);

  /// A session of this group of the room_layout; nothing is opened yet. `will_stall`: with a small
  /// receive buffer, so that the server soon notices when it stops reading.
  std::uint32_t add(std::uint32_t group, bool will_stall = false);
  /// Its deliveries come from another node than the one published to, and count as remote too.
  void set_remote(std::uint32_t session) { plans_[session].remote = true; }
  /// From now on it connects to the next target.
  void move_on(std::uint32_t session) { ++plans_[session].moves; }
  /// What its server last told it to wait before it comes back; `otherwise` when that was nothing.
  double retry_ms(std::uint32_t session, double otherwise) const {
    return sessions_[session].retry_ms().value_or(otherwise);
  }
  /// How many may be in the middle of connecting at one time.
  void set_concurrency(std::size_t most) { settings_.concurrency = most; }
  /// Connects it when its turn comes, see pump().
  void open(std::uint32_t session) { waiting_.push_back(session); }
  /// Closes it from our side.
  void close(std::uint32_t session);
  /// Stops reading, counts nothing of it any more.
  void stall(std::uint32_t session);
  /// Reads what stalled sessions have been sent, to learn how the server dealt with them.
  void resume_stalled();

  /// Starts waiting connects up to the limit of `concurrency`, gives up those older than 10 s.
  void pump();
  bool settled() const noexcept { return waiting_.empty() && opening_ == 0; }
  std::size_t live() const noexcept { return live_; }
  std::size_t opening() const noexcept { return opening_; }
  bool is_live(std::uint32_t session) const {
    return sessions_[session].state() == session_state::live;
  }
  /// Tells of every session that went live (true) or ended otherwise than by close() (false).
  void set_observer(std::function<void(std::uint32_t session, bool live)> observer) {
    observer_ = std::move(observer);
  }

  const pool_counters& counters() const noexcept { return counters_; }
  /// Why connects failed or sessions ended, with how often.
  const std::map<std::string, std::uint64_t, std::less<>>& reasons() const { return reasons_; }
  /// Goodbye codes sent to stalled sessions.
  const std::map<std::string, std::uint64_t, std::less<>>& stalled_goodbyes() const {
    return stalled_goodbyes_;
  }

  /// Only deliveries of events meant to be sent from this time on count as latency.
  void measure_from(std::int64_t time_ns) noexcept { measure_from_ = time_ns; }
  histogram& latency() noexcept { return latency_; }
  histogram& remote_latency() noexcept { return remote_latency_; }
  histogram& connect_latency() noexcept { return connect_latency_; }

  // For the sessions.
  event_loop& loop() noexcept { return loop_; }
  std::vector<char>& buffer() noexcept { return buffer_; }
  bool websocket() const noexcept { return settings_.websocket; }
  dialect speaks() const noexcept { return settings_.speaks; }
  bool keeps_cursors() const noexcept { return settings_.keep_cursors; }
  void set_now(std::int64_t now) noexcept { now_ = now; }
  int dial(std::uint32_t session);
  std::string request_for(std::uint32_t session, const std::string& cursor) const;
  void on_stamp(std::uint32_t session, const stamp& found);
  void on_live(session& client, std::string_view greeting);
  void on_goodbye(std::uint32_t session, std::string_view code);
  void on_closed(session& client, session_state was, std::string_view reason);

 private:
  struct plan {
    std::uint32_t group = 0;
    bool remote = false;
    bool will_stall = false;
    bool stalled = false;
    bool said_goodbye = false;
    std::uint32_t moves = 0;
  };

  std::size_t target_of(std::uint32_t session) const {
    return std::size_t{session} + plans_[session].moves;
  }
  void join(std::uint32_t session);
  void leave(std::uint32_t session);
  std::string rooms_of(std::uint32_t session) const;

  event_loop& loop_;
  dialer& dial_;
  ledger& books_;
  pool_settings settings_;
  std::function<void(std::uint32_t, bool)> observer_;
  std::deque<session> sessions_;  // addresses stay
  std::vector<plan> plans_;
  std::deque<std::uint32_t> waiting_;
  std::deque<std::uint32_t> started_;  // oldest first; some of them live or closed by now
  std::size_t opening_ = 0;
  std::size_t live_ = 0;
  pool_counters counters_;
  std::map<std::string, std::uint64_t, std::less<>> reasons_, stalled_goodbyes_;
  std::int64_t now_ = 0;
  std::int64_t measure_from_ = 0;
  histogram latency_, remote_latency_, connect_latency_;
  std::vector<char> buffer_;
};

}  // namespace starling::bench
