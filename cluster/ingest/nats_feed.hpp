/// Foreign messages over NATS: subscriptions and durable consumers, each source under a lease.
///
/// A connection of its own, so that a flood of foreign messages never stands before our own. One
/// thread, "nats-ingest", connects, holds leases, pulls and acknowledges; what is heard comes on
/// the delivery thread of cnats and goes on from there at once.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cluster/engine.hpp"
#include "cluster/foreign_feed.hpp"
#include "cluster/ingest/lease.hpp"
#include "cluster/ingest/standby_buffer.hpp"
#include "cluster/jetstream/jetstream_admin.hpp"
#include "cluster/nats/jetstream_api.hpp"
#include "cluster/nats/nats_session.hpp"
#include "net/base/subject_pattern.hpp"

namespace starling::cluster {

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
  enum class duty : std::uint8_t {
    standby,
    ingesting,
    leaving  ///< nothing new is taken; the lease goes when all is settled
  };

  struct source {
    foreign_source config;
    subject_pattern pattern;
    std::string key;  ///< of its entry in the bucket
    cluster::lease lease;
    duty state = duty::standby;
    std::atomic<std::int64_t> valid_until_ns{0};  ///< of the steady clock; 0: not held
    steady_time leave_by{};

    // Core: a message that is heard goes to the listener or into the buffer.
    standby_buffer buffer;
    steady_time handed_over{};  ///< what was heard before that, the last holder has ingested
    std::uint64_t last_number = 0;
    std::map<std::uint64_t, std::size_t> under_way;  ///< number -> bytes
    std::size_t under_way_bytes = 0;
    std::uint64_t lost = 0;
    steady_time lost_logged{};

    // Stream.
    std::map<std::uint64_t, std::string> unacked;  ///< sequence -> where its acknowledgement goes
    bool consumer_ready = false;
    bool consumer_away = false;  ///< it did not answer when it was last asked
    steady_time consumer_retry{};
    /// Nothing is read before what was delivered earlier, to whomever, is acknowledged or has
    /// waited so long that it comes again first.
    steady_time settled_by{};
    std::uint64_t next_delivery = 0;  ///< the consumer's number of what comes next; 0: not known
    std::string complaint;
    std::size_t wanted = 0;  ///< asked for and not yet come
    steady_time pull_over{};

    source(foreign_source from, subject_pattern subject, steady_time now)
        : config(std::move(from)), pattern(std::move(subject)), lease(now) {}
  };

  void run();
  bool connect();
  void disconnect();
  void step(std::size_t index);
  void look(std::size_t index);
  bool erase(source& s, std::uint64_t revision);
  void renew(std::size_t index);
  void release(std::size_t index);
  /// Who held a lease before it was taken.
  struct predecessor {
    bool any = false;  ///< there was an entry at all
    std::string id;    ///< empty: it was free
    steady_time last_heard{};
  };
  void taken(std::size_t index, std::uint64_t revision, steady_time asked,
             const predecessor& before);
  void relieve(std::size_t index);
  void ensure_consumer(source& from);
  void pull(std::size_t index);
  void end_pulls();
  void unsettle(source& s);
  void acknowledge();
  void complain(source& about, const std::string& reason);

  void heard_lease(std::string_view key, std::string_view value);
  void heard_handover(std::string_view key);
  void heard_core(std::size_t index, standby_buffer::message message);
  void heard_stream(std::size_t index, const nats_message& message, const jetstream::delivery& at);
  void dispatch(std::size_t index, standby_buffer::message message);
  void count_lost(source& of, std::uint64_t count, const char* reason);
  source* by_key(std::string_view key);
  std::string pull_subject(std::size_t index) const;
  bool quiet(const source& s) const { return s.under_way.empty() && s.unacked.empty(); }

  const node_id self_;
  const nats_options options_;
  const std::string bucket_;
  const std::string lease_prefix_;     ///< `$KV.<bucket>.`
  const std::string handover_prefix_;  ///< `<prefix>.ingest.`
  const std::string told_;             ///< `<prefix>.told`
  const std::string durable_;
  const std::string consumer_;    ///< `.<durable>.`, as in subjects of acknowledgements
  const std::string own_prefix_;  ///< `<prefix>.`

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool running_ = false;
  bool leaving_ = false;
  bool pulls_over_ = false;  ///< leaving: what they brought is here
  bool news_ = false;        ///< the thread has something to do before its next turn
  foreign_listener* listener_ = nullptr;
  std::deque<source> sources_;
  std::vector<std::string> acks_;
  std::vector<std::string> words_;  ///< to be told
  std::shared_ptr<nats_session> session_;
  steady_time session_since_{};
  std::string last_complaint_;

  // Of the thread alone.
  jetstream::context_ptr js_;
  jetstream::bucket_ptr store_;
  std::string inbox_;

  std::thread thread_;
};

}  // namespace starling::cluster
