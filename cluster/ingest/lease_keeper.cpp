#include "cluster/ingest/lease_keeper.hpp"

#include <utility>

namespace starling::cluster {

std::string lease_keeper::holder() const {
  // An entry of ours may stand there when it is not ours any more.
  const bool over = !lease_.held() && lease_.holder() == self_.str();
  return over ? std::string() : lease_.holder();
}

void lease_keeper::heard_freed(steady_time now) {
  lease_.heard({}, now);
  // A holder that left without its mark.
  if (now - handed_over_ > 2 * leave_patience) handed_over_ = now;
}

/// An entry is replaced by erasing and creating it: of two nodes that write at the same time and
/// expect the same revision nats-server 2.9 lets both, with replicas (132 times of 200); of two
/// that expect no entry, one.
result<std::optional<predecessor>> lease_keeper::take(lease_store& store, feed_lock& hold) {
  const auto found = unlocked(hold, [&] { return store.read(key_); });
  if (!found) return found.error();
  const auto& entry = *found;
  if (entry) {
    const auto now = steady_clock::now();
    lease_.looked_up(entry->holder, entry->revision, now);
    if (!lease_.takeable(self_.str(), now)) return std::optional<predecessor>();
  }
  // Before the write: its echo may be heard before its answer.
  predecessor before{lease_.holder()};
  before.died = !before.id.empty() && before.id != self_.str();
  before.last_heard = lease_.last_heard();
  before.held_until = lease_.believed_until();
  const bool handed_over = before.id.empty() && handed_over_ != steady_time{};
  if (entry) {
    const auto erased = unlocked(hold, [&] { return store.erase(key_, entry->revision); });
    if (!erased) return erased.error();
  }
  const auto asked = steady_clock::now();
  const auto created = unlocked(hold, [&] { return store.create(key_, self_); });
  if (!created) {
    lease_.lost(steady_clock::now());  // another was quicker
    return std::optional<predecessor>();
  }
  taken(*created, asked);
  if (handed_over) before.handed_over = handed_over_;
  return std::optional<predecessor>(std::move(before));
}

result<bool> lease_keeper::renew(lease_store& store, feed_lock& hold) {
  const auto asked = steady_clock::now();
  const auto revision = lease_.revision();
  const auto end = lease_.valid_until();
  const auto renewed = unlocked(hold, [&] { return store.renew(key_, self_, revision); });
  if (renewed) taken(*renewed, asked);
  // What was dropped meanwhile because the lease was over must not be taken for under way. Looked
  // at when the new end can be seen: whoever sees the old one sees it before that.
  if (steady_clock::now() >= end) return false;
  if (renewed) return true;
  // Somebody else has it, or our own renewal came through and its answer did not: look.
  if (renewed.error().code == errc::conflict) return false;
  return renewed.error();
}

void lease_keeper::lose(steady_time now) {
  lease_.lost(now);
  valid_until_.store(steady_time{}, std::memory_order_release);
}

result<void> lease_keeper::give_back(lease_store& store, feed_lock& hold) {
  const auto revision = lease_.revision();
  return unlocked(hold, [&] { return store.erase(key_, revision); });
}

void lease_keeper::taken(std::uint64_t revision, steady_time asked) {
  lease_.taken(self_.str(), revision, asked);
  valid_until_.store(lease_.valid_until(), std::memory_order_release);
}

}  // namespace starling::cluster
