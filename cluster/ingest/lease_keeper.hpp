/// This node's part in the lease of one source: takes it, renews it, gives it back.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "cluster/ingest/feed_lock.hpp"
#include "cluster/ingest/lease.hpp"
#include "cluster/ingest/lease_store.hpp"
#include "net/base/clock.hpp"
#include "net/base/ids.hpp"
#include "net/base/result.hpp"

namespace starling::cluster {

/// Who held a lease before it was taken.
struct predecessor {
  std::string id;             ///< empty: it was free
  bool died = false;          ///< another node, of which nothing is heard any more
  steady_time last_heard{};   ///< of `id`
  steady_time held_until{};   ///< by `id`, at most
  steady_time handed_over{};  ///< when, if it was: all that was heard before is ingested
};

/// With the feed's lock, but for holds(). take(), renew(), lose() and give_back() are for the
/// thread "nats-ingest" alone, so whether the lease is this node's changes there only; those that
/// ask the store let go of the lock meanwhile, and what is heard then counts.
class lease_keeper {
 public:
  /// A node that leaves waits so long for what is under way before it gives a lease back.
  static constexpr std::chrono::milliseconds leave_patience{1500};

  lease_keeper(node_id self, std::string key, steady_time now)
      : self_(std::move(self)), key_(std::move(key)), lease_(now) {}

  const std::string& key() const noexcept { return key_; }
  const cluster::lease& lease() const noexcept { return lease_; }
  /// The node that has it, as far as known; empty: nobody.
  std::string holder() const;
  /// Does this node have it? Any thread, without the lock.
  bool holds(steady_time now) const noexcept {
    return now < valid_until_.load(std::memory_order_acquire);
  }

  /// What was said before `then` was not heard here.
  void hears_since(steady_time then) noexcept { lease_.hears_since(then); }

  // Delivery thread.
  /// The entry was written.
  void heard(std::string_view value, steady_time now) { lease_.heard(holder_in(value), now); }
  /// The holder hands the source over.
  void heard_mark(steady_time now) { handed_over_ = now; }
  /// The lease is free.
  void heard_freed(steady_time now);

  // "nats-ingest".
  /// Looks at the entry and takes it when it may be taken. nullopt: it is another's. Errors: as the
  /// store's; nothing has changed.
  result<std::optional<predecessor>> take(lease_store& store, feed_lock& hold);
  /// False: it is no longer this node's, which is to lose() it. Errors: the store did not answer,
  /// the lease goes on as long as it is valid.
  result<bool> renew(lease_store& store, feed_lock& hold);
  /// It is not this node's any more.
  void lose(steady_time now);
  /// After lose(): erases the entry, so that the next node need not wait. Errors: as the store's.
  result<void> give_back(lease_store& store, feed_lock& hold);

 private:
  /// The entry is ours as of `revision`, for as long as is counted from `asked`.
  void taken(std::uint64_t revision, steady_time asked);

  const node_id self_;
  const std::string key_;
  cluster::lease lease_;
  steady_time handed_over_{};
  std::atomic<steady_time> valid_until_{steady_time{}};  ///< the beginning of time: not held
};

}  // namespace starling::cluster
