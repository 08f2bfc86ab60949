/// What every live channel has: recent events, and how many members sit on which shard.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "actors/base/options.hpp"
#include "actors/base/shard_counts.hpp"
#include "actors/messages/session.hpp"

namespace starling::actors {

/// The latest stored events of one channel, for resumes that need not go to the store. Plain state.
class ring {
 public:
  /// Complete for everything after `from`.
  explicit ring(sequence from) : complete_after_(from) {}

  void push(publication_ptr what, const ring_limits& limits);
  /// Events with seq > after; only meaningful when after >= complete_after().
  void copy_after(sequence after, std::vector<publication_ptr>& out) const;
  sequence complete_after() const noexcept { return complete_after_; }
  std::size_t size() const noexcept { return events_ ? events_->size() : 0; }

 private:
  sequence complete_after_;
  std::size_t bytes_ = 0;
  /// A deque costs 576 bytes even when empty; most channels are single users that hear nothing.
  std::unique_ptr<std::deque<publication_ptr>> events_;
};

/// Common part of room and user. Plain state: tells which shards to send to, sends nothing.
class feed_state {
 public:
  /// `members`: how many there are already, by shard.
  feed_state(channel_ptr where, feed_id id, sequence from, shard_counts members);

  const channel& where() const noexcept { return *where_; }
  feed_id id() const noexcept { return id_; }

  /// False when `what` is not newer than all before (then nothing changes).
  bool remember(const publication_ptr& what, const ring_limits& limits);
  void member_joined(unsigned shard) { members_.add(shard); }
  void member_left(unsigned shard) { members_.remove(shard); }
  const shard_counts& members() const noexcept { return members_; }

  /// The store began anew at `from`.
  void forget_history(sequence from);
  /// Puts into the ticket what this channel has for its `which`th channel up to the ticket's
  /// position: from the ring, and as `missing` what only the store has.
  void replay_into(join_ticket& ticket, std::size_t which) const;

 private:
  channel_ptr where_;
  feed_id id_;
  sequence last_ = 0;
  ring ring_;
  shard_counts members_;
};

}  // namespace starling::actors
