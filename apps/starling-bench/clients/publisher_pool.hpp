/// The publishing side of a run: closed loop (as fast as answers and deliveries allow) or open loop
/// (a fixed schedule, whatever the server does).
#pragma once

#include "apps/starling-bench/clients/publisher.hpp"
#include "apps/starling-bench/measure/histogram.hpp"
#include "apps/starling-bench/measure/ledger.hpp"
#include "apps/starling-bench/plan/dialect.hpp"
#include "apps/starling-bench/plan/room_layout.hpp"
#include "apps/starling-bench/wire/target.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace starling::bench {

struct publisher_settings {
  std::uint32_t connections = 64;
  std::uint32_t pipeline = 1;
  std::uint32_t batch = 1;
  std::uint32_t payload_bytes = 200;
  bool ephemeral = false;
  double rate = 0;                   // events per second; 0 = closed loop
  std::int64_t max_undelivered = 0;  // closed loop: bound on ledger::outstanding()
  std::vector<std::string> tokens;   // of connections in turn; empty: none
  dialect speaks = dialect::starling;
  carrier over = carrier::http;
  room_layout layout;
};

struct publish_counters {
  std::uint64_t sent = 0;    // events
  std::uint64_t acked = 0;   // events answered with a receipt
  std::uint64_t failed = 0;  // events refused, or unanswered on a lost connection
};

class publisher_pool {
 public:
  publisher_pool(event_loop& loop, dialer& dial, ledger& books, publisher_settings settings);

  /// How many lanes an audience needs for this many connections.
  static std::uint32_t lanes_for(std::uint32_t connections, std::uint32_t audiences);

  void open_all();
  bool all_ready() const noexcept { return ready_ == publishers_.size(); }

  /// From now on pump() sends. Open loop: the first event is due now.
  void start();
  void stop() noexcept { running_ = false; }
  /// Sends what is due and possible. Answers when to call again at the latest, steady nanoseconds.
  std::int64_t pump();
  std::size_t outstanding_posts() const noexcept { return outstanding_; }

  const publish_counters& counters() const noexcept { return counters_; }
  const std::map<std::string, std::uint64_t, std::less<>>& failures() const { return failures_; }
  void measure_from(std::int64_t time_ns) noexcept { measure_from_ = time_ns; }
  const histogram& ack_latency() const noexcept { return ack_latency_; }
  /// Open loop: how late events were written, and of the late ones (above 1 ms) how many waited
  /// because no publisher connection was free.
  const histogram& lateness() const noexcept { return lateness_; }
  std::uint64_t late_for_server() const noexcept { return late_for_server_; }

  // For the publishers.
  carrier over() const noexcept { return settings_.over; }
  event_loop& loop() noexcept { return loop_; }
  std::vector<char>& buffer() noexcept { return buffer_; }
  int dial(std::uint32_t index) { return dial_.connect(index); }
  void on_free(publisher& sender);
  void on_answer(publisher& sender, const post& done, int status, std::string_view body);
  void on_closed(publisher& sender, const std::deque<post>& unanswered, std::string_view reason);

 private:
  void send_next(publisher& sender, std::int64_t intended);
  void append_item(std::uint32_t audience, std::uint64_t n, std::int64_t intended);
  void write_post(const post& sent);
  void write_messages(const post& sent);
  std::uint32_t next_audience(std::uint32_t connection);
  void count_batch(const post& done, std::string_view body);
  void refuse(const post& sent, std::uint32_t item, std::string_view reason);
  bool has_room(const publisher& sender) const noexcept {
    return sender.ready() && sender.outstanding() < settings_.pipeline;
  }

  event_loop& loop_;
  dialer& dial_;
  ledger& books_;
  publisher_settings settings_;
  std::deque<publisher> publishers_;  // addresses stay
  std::vector<std::string> heads_;    // request head between path and length, per publisher
  std::vector<std::uint32_t> turn_;   // per publisher: which of its audiences is next
  std::deque<std::uint32_t> free_;    // may hold one index several times, or one that is busy
  std::deque<std::pair<std::int64_t, std::uint32_t>> reopen_;  // when, which
  std::size_t ready_ = 0;
  std::size_t outstanding_ = 0;
  bool running_ = false;
  std::int64_t started_ = 0;
  std::uint64_t scheduled_ = 0;     // open loop: events of the schedule already written
  std::int64_t starved_since_ = 0;  // open loop: since when no connection was free
  std::int64_t measure_from_ = 0;
  publish_counters counters_;
  std::map<std::string, std::uint64_t, std::less<>> failures_;
  histogram ack_latency_, lateness_;
  std::uint64_t late_for_server_ = 0;
  std::string body_, request_;
  std::vector<char> buffer_;
};

}  // namespace starling::bench
