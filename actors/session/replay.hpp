/// What a join replays: parts from channels' actors, from the store, and late events.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "actors/messages/fanout_inbox.hpp"

namespace starling::actors {

/// Collects the parts of one join. They may come before the join's own answer. Plain state.
class replay {
 public:
  struct store_read {
    channel_id id;
    channel_ptr of;
    sequence after;
    sequence up_to;
    std::size_t limit;
  };

  /// `keep`: how many events of a channel history keeps; what a store has beyond is not shown.
  replay(std::uint64_t request, std::size_t keep) : request_(request), keep_(keep) {}

  std::uint64_t request() const noexcept { return request_; }
  void begin(joined&& answer) { answer_ = std::move(answer); }
  /// Once it has begun.
  joined& answer() noexcept { return *answer_; }
  bool begun() const noexcept { return answer_.has_value(); }

  /// A channel's part: what has to be read from the store for it, or nothing. A part that came
  /// already (its actor died after sending it) counts once.
  std::optional<store_read> add(replay_part&& part);
  /// A page of that: the rest that is still to be read, or nothing.
  std::optional<store_read> add(channel_id id, cluster::log_page&& page, epoch_id epoch);
  /// The channel's actor was rebuilt: what it was asked for comes from the store.
  std::optional<store_read> actor_rebuilt(channel_id id);

  bool complete() const noexcept;
  /// All events in the order in which they were handed out; those lost are in `answer().lost`.
  std::vector<publication_ptr> take();

 private:
  struct part {
    channel_id id;
    channel_ptr of;
    std::vector<publication_ptr> from_ring;
    std::vector<publication_ptr> from_store;
    sequence store_after = 0;
    sequence store_up_to = 0;
    bool gap_is_loss = false;
    bool lost = false;
    bool reading = false;
  };
  part* find(channel_id id) noexcept;
  store_read rest_of(const part& wanting) const;

  std::uint64_t request_;
  std::size_t keep_;
  std::optional<joined> answer_;
  std::vector<part> parts_;
};

/// The replays of a session's joins under way. Plain state; one word while there are none.
class replays {
 public:
  /// An answer whose replay is there as a whole.
  struct complete {
    joined answer;
    std::vector<publication_ptr> events;
  };

  /// That of the join with this number, a new one if need be. `keep`: see replay.
  replay& of(std::uint64_t request, std::size_t keep);
  /// Once all of it is there; it is forgotten then.
  std::optional<complete> take(std::uint64_t request);
  template <class F>
  void for_each(F&& visit) {
    if (under_way_)
      for (auto& each : *under_way_) visit(each);
  }

 private:
  std::unique_ptr<std::vector<replay>> under_way_;
};

}  // namespace starling::actors
