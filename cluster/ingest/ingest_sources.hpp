/// All sources of a node: what is heard goes to the right one, and from there to the listener.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/foreign_feed.hpp"
#include "cluster/ingest/ingest_source.hpp"
#include "cluster/ingest/ingest_subjects.hpp"
#include "cluster/ingest/lease_keeper.hpp"
#include "cluster/nats/nats_message.hpp"
#include "net/base/clock.hpp"
#include "net/base/ids.hpp"

namespace starling::cluster {

/// Plain; with the feed's lock, but for holds(). So the listener is called in the order in which
/// messages came and leases came and went. Those that answer bool say whether "nats-ingest" has
/// something to do now.
class ingest_sources {
 public:
  /// `names` must outlive it.
  explicit ingest_sources(const ingest_subjects& names) : names_(names) {}

  /// Once: the sources are the same from then on.
  void open(std::vector<foreign_source> sources, const node_id& self, foreign_listener& listener);
  /// The listener is not called afterwards.
  void close() noexcept { listener_ = nullptr; }
  /// Nothing is to be ingested here any more; what is heard of other nodes is taken as such.
  void leave() noexcept { leaving_ = true; }
  bool leaving() const noexcept { return leaving_; }

  std::deque<ingest_source>& all() noexcept { return sources_; }
  const std::deque<ingest_source>& all() const noexcept { return sources_; }
  /// No lease is this node's.
  bool all_standby() const noexcept;
  /// May a message of the source be published now? Any thread, without the lock.
  bool holds(std::size_t source) const noexcept;

  // "nats-ingest".
  /// The lease of `s` is this node's. `session_since`: when NATS was connected to.
  void begin(ingest_source& s, const predecessor& before, steady_time session_since);
  /// It is not this node's any more.
  void end(ingest_source& s);
  /// NATS was connected to: what came before `since` may be missing here.
  void connected(steady_time since);

  /// Is it to be known how old what is heard may be? Then `echo_of(now)` is to be published again
  /// and again, to what `answers` begins with and `echo`.
  bool wants_echo() const noexcept;
  static constexpr std::string_view echo = "echo";
  static std::string echo_of(steady_time now);

  /// Delivery thread. `answers`: what the subjects of answers to this node begin with; the rest is
  /// `echo`, or the index of the source whose pull has ended.
  bool heard(const nats_message& message, std::string_view answers);

  /// Any thread: a message is stored, or never will be.
  bool settle(std::size_t source, std::uint64_t number) {
    return settle(sources_.at(source), number);
  }
  /// Settled, and not acknowledged to their streams yet: where to do that.
  std::size_t acks() const noexcept { return acks_.size(); }
  std::vector<std::string> take_acks() { return std::exchange(acks_, {}); }

 private:
  bool heard_of_lease(const heard_ingest_subject& subject, std::string_view value);
  bool pulled(ingest_source& s, const jetstream::delivery& at, const nats_message& message);
  bool answered(std::string_view to, const nats_message& message);
  bool hand_out(ingest_source& s, stream_source::messages messages);
  void heard_core(const nats_message& message);
  bool settle(ingest_source& s, std::uint64_t number);

  const ingest_subjects& names_;
  foreign_listener* listener_ = nullptr;
  bool leaving_ = false;
  std::deque<ingest_source> sources_;
  std::vector<std::string> acks_;
  /// When the last echo that came back was sent: what is heard now was published later.
  steady_time echo_sent_{};
};

}  // namespace starling::cluster
