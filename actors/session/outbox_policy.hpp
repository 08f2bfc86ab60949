/// What does not go straight to a session's transport, and what becomes of clients that are slow.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "actors/base/outbox_budget.hpp"
#include "actors/base/publication.hpp"
#include "net/service.hpp"

namespace starling::actors {

/// What a session's transport holds, and whether its kernel takes no more.
struct transport_load {
  outbox_amount queued;
  bool back_pressure = false;
};

/// What a session is judged by: the limits, the budget of all outboxes, and whose part of it
/// counts.
struct outbox_terms {
  const outbox_options& options;
  outbox_budget& budget;
  const net::identity_ptr& user;
};

/// Events in their order, and what they weigh.
struct event_backlog {
  std::deque<publication_ptr> events;
  std::size_t limit = 0;     ///< events; more, and the client is too slow
  bool full_outbox = false;  ///< behind a full transport, and counts as part of the outbox
  std::size_t bytes = 0;     ///< of payloads

  void push(publication_ptr event);
  publication_ptr pop();
};

/// Events wait here while a join is answered, while a replay is being written, and, with
/// drop-oldest, behind a transport that holds its part. All limits on that are here, and what is
/// done beyond them is this class's to say. Plain state; one word while nothing waits, which is
/// nearly always.
class outbox_policy {
 public:
  /// Whether events wait: then those that come do too.
  bool waits() const noexcept { return state_ && state_->backlog; }
  /// Whether the transport may be given `more` events at once.
  bool fits(const transport_load& now, std::size_t more, const outbox_terms& terms) {
    const auto limit = terms.options.handed_over();
    if (now.queued.events + more > limit.events || now.queued.bytes >= limit.bytes) return false;
    return !now.back_pressure || fits_budget(now, more, terms);
  }
  /// What the transport holds and what waits as a part of the outbox.
  outbox_amount held(const outbox_amount& queued) const noexcept;

  /// From now on events wait, for a join or a replay: at most ten outboxes full.
  void wait_for_join(const outbox_terms& terms);
  /// These come before what waits, however many they are.
  void insert_replay(const std::vector<publication_ptr>& events, const outbox_terms& terms);
  /// Those that wait and for which `known` holds do so no more.
  template <class Known>
  void drop_known(Known&& known);
  /// One more that waits.
  void push(publication_ptr event);
  /// Whether more waits than may.
  bool overflows(const transport_load& now, const outbox_terms& terms);

  /// Events wait from now on because the transport is full (drop_oldest).
  void wait_for_room();
  /// Drops what waits, oldest first, until it is no more than may; the newest stays. Calls
  /// `skip(event)` for each; what that answers true for is an event of which the client is to be
  /// told. Those that the transport has dropped are `dropped_there`. Returns how many events the
  /// client has lost by it all.
  template <class Skip>
  std::size_t drop_oldest(const transport_load& now, const outbox_terms& terms,
                          std::size_t dropped_there, Skip&& skip);

  enum class step {
    none,       ///< nothing waits any more
    for_drain,  ///< the transport has enough for now: go on when it has drained
    tell,       ///< of take_dropped() events that are gone
    send        ///< pop()
  };
  /// What to do with what waits.
  step next(const transport_load& now, const outbox_terms& terms);
  publication_ptr pop();
  bool anything_dropped() const noexcept { return state_ && state_->dropped > 0; }
  /// How many events the client has lost since it was last told.
  std::uint32_t take_dropped() noexcept;

  /// The outbox holds this much, for the budget; while the kernel takes no more.
  void account(const outbox_amount& queued);
  /// The kernel took everything.
  void drained() noexcept;

 private:
  struct state {
    std::optional<event_backlog> backlog;
    std::optional<outbox_budget::share> share;  ///< while the kernel takes no more
    std::uint32_t dropped = 0;                  ///< events of which the client is still to be told
  };

  bool fits_budget(const transport_load& now, std::size_t more, const outbox_terms& terms);
  state& made();
  event_backlog& waiting();
  outbox_budget::share& share(const outbox_terms& terms);
  /// Nothing is left to be remembered.
  void tidy() noexcept;

  std::unique_ptr<state> state_;
};

template <class Known>
void outbox_policy::drop_known(Known&& known) {
  if (!waits()) return;
  std::erase_if(state_->backlog->events, [&](const publication_ptr& each) {
    const bool gone = known(each);
    if (gone) state_->backlog->bytes -= each->event().data.size();
    return gone;
  });
}

template <class Skip>
std::size_t outbox_policy::drop_oldest(const transport_load& now, const outbox_terms& terms,
                                       std::size_t dropped_there, Skip&& skip) {
  auto dropped = dropped_there;
  while (state_->backlog->events.size() > 1 && overflows(now, terms))
    if (skip(*state_->backlog->pop())) ++dropped;
  state_->dropped += static_cast<std::uint32_t>(dropped);
  return dropped;
}

}  // namespace starling::actors
