/// The durable roster in a JetStream key-value bucket: one key per membership.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cluster/jetstream/nats_connection.hpp"
#include "cluster/kv/kv_watch.hpp"
#include "cluster/roster_store.hpp"

namespace starling::cluster {

/// Two threads, because the key-value calls of cnats block: "watch" reads the whole bucket and
/// then its changes, "write" carries out puts and erasures in order. Many at once are written one
/// behind the other without waiting for each answer.
class kv_roster final : public roster_store {
 public:
  explicit kv_roster(std::shared_ptr<nats_connection> connection);
  ~kv_roster() override;

  void start(roster_listener& listener) override;
  void stop() override;
  void put(roster_entry entry, completion<roster_entry> done) override;
  void erase(tenant_id tenant, std::string room, std::string user, completion<bool> done) override;
  void apply(std::vector<roster_change> changes, completion<void> done) override;

 private:
  /// One of the three is set.
  struct write {
    roster_entry entry;
    completion<roster_entry> put_done;
    completion<bool> erase_done;
    std::vector<roster_change> changes{};
    completion<void> changes_done{};

    void refuse(error why) const;
  };

  void run_watch();
  /// Returns when the session is lost, the watch fails or we stop.
  void watch(nats_session& session);
  bool deliver_snapshot(kv_watch& changes, const nats_session& session);
  void deliver_change(const kv_watch::entry& change);

  void run_write();
  void enqueue(write todo);
  void apply_now(nats_session& session, write& todo);
  template <class T>
  void answer(const completion<T>& done, result<T> outcome);
  bool stopping() const;

  const std::shared_ptr<nats_connection> connection_;
  const std::string bucket_;
  roster_listener* listener_ = nullptr;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool running_ = false;
  std::deque<write> writes_;

  std::thread watch_;
  std::thread write_;
};

}  // namespace starling::cluster
