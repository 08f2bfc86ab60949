/// Foreign messages over NATS: subscriptions and durable consumers, each source under a lease.
///
/// What is heard goes to the ingest_sources, where each has a lease_keeper, and a core_source or a
/// stream_source with what is under way. What is asked is asked by a source_worker, over an
/// ingest_link with its lease_store and its stream_pulls.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cluster/engine.hpp"
#include "cluster/foreign_feed.hpp"
#include "cluster/ingest/feed_lock.hpp"
#include "cluster/ingest/ingest_link.hpp"
#include "cluster/ingest/ingest_sources.hpp"
#include "cluster/ingest/ingest_subjects.hpp"
#include "cluster/nats/nats_session.hpp"

namespace starling::cluster {

/// A connection of its own, so that a flood of foreign messages never stands before our own. One
/// thread, "nats-ingest", connects, holds leases, pulls and acknowledges; what is heard comes on
/// the delivery thread of cnats and goes on from there at once.
class nats_feed final : public foreign_feed,
                        public nats_session::owner,
                        public std::enable_shared_from_this<nats_feed> {
 public:
  nats_feed(const node_id& self, const nats_options& options);
  ~nats_feed() override;

  void start(std::vector<foreign_source> sources, foreign_listener& listener) override;
  void leave() override;
  void stop() override;
  bool holds(std::size_t source) const noexcept override;
  void settle(std::size_t source, std::uint64_t number) override;
  void tell(std::string words) override;
  std::vector<foreign_source_state> states() const override;

  void on_session_message(nats_session& from, const nats_message& message) override;
  void on_session_lost(nats_session& from) override;

 private:
  void wake();

  // "nats-ingest". Those without a feed_lock are called without the lock.
  void run();
  bool connect();
  bool not_connected(const std::string& reason);
  bool subscribe();
  void disconnect();
  void send(feed_lock& hold);
  void send_echo(feed_lock& hold);

  const node_id self_;
  const nats_options options_;
  const ingest_subjects names_;

  mutable std::mutex mutex_;  ///< see feed_lock
  std::condition_variable changed_;
  bool running_ = false;
  bool news_ = false;  ///< the thread has something to do before its next round
  ingest_sources sources_;
  std::vector<std::string> words_;  ///< to be told
  /// Changed by the thread alone, with the lock; so the thread reads it without.
  std::unique_ptr<ingest_link> link_;

  // Of the thread alone.
  std::string last_complaint_;
  steady_time echoed_{};

  std::thread thread_;
};

}  // namespace starling::cluster
