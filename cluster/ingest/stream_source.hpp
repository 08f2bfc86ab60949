/// Messages of a foreign stream, as its durable consumer delivers them: in order, until they are
/// acknowledged.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/foreign_feed.hpp"
#include "cluster/ingest/lease.hpp"
#include "net/base/clock.hpp"

namespace starling::cluster {

/// How a consumer stands.
struct consumer_state {
  std::uint64_t delivered = 0;  ///< the number of its last delivery, to whomever
  std::uint64_t furthest = 0;   ///< the highest sequence that it has delivered
  std::size_t unacknowledged = 0;
};

/// The consumer numbers its deliveries 1, 2, ...; what nobody acknowledges it delivers again after
/// `ack_wait`, before anything new. So a delivery behind a hole in the numbers is dropped, and so
/// is everything while there may be a hole: until all that was delivered is acknowledged or comes
/// again by itself. It comes in the order in which it was delivered last, which is not the order of
/// the stream when a node took a part of it and died: so it is kept until all of it is there.
/// Plain; with the feed's lock.
class stream_source {
 public:
  static constexpr std::size_t max_unacked = 1024;  ///< no more is asked for
  static constexpr std::size_t pull_batch = 256;
  /// A pull ends by itself soon, so that a node that hangs takes nothing for long.
  static constexpr std::chrono::milliseconds pull_expires{500};
  static constexpr std::chrono::milliseconds ack_wait{1000};
  /// After so long what was delivered and not acknowledged comes again: the server needs a moment.
  static constexpr std::chrono::milliseconds again_wait = ack_wait + std::chrono::milliseconds(300);
  /// So long after it has asked for its lease a node pulls. What such a pull brings it comes again
  /// before another node holds the lease.
  static constexpr std::chrono::milliseconds pulls_after_renewal =
      lease::patience - pull_expires - ack_wait;
  static_assert(pulls_after_renewal > lease::renewal);

  using messages = std::vector<foreign_message>;

  /// Deliveries before `since` may be missing here.
  void restart(steady_time since);

  // To be asked before a pull.
  /// Is it known where the next delivery begins?
  bool ready() const noexcept { return ready_; }
  /// It is not: is it time to ask the consumer?
  bool look_due(steady_time now) const noexcept { return now >= retry_; }
  void consumer_away(steady_time now);
  void consumer_found(const consumer_state& found, steady_time now);
  /// True: pull now. `valid_until`: of the lease.
  bool begin_pull(steady_time now, steady_time valid_until);

  /// A pull brought a message, for whoever ingests. True: it was the last of the pull.
  bool arrived() noexcept { return wanted_ > 0 && --wanted_ == 0; }
  // These two: what is to be handed out now, in this order.
  /// The pull ended without it. `regular`: because there was nothing.
  messages pull_ended(bool regular, steady_time now);
  /// Delivery `number` is `message`, which is acknowledged at `reply`. What is under way already,
  /// or comes again in its turn, is not handed out.
  messages take(std::uint64_t number, std::string_view reply, foreign_message message,
                steady_time now);
  /// It is stored, or never will be: where to acknowledge it. nullopt for other sequences.
  std::optional<std::string> settle(std::uint64_t sequence);
  /// This node does not ingest any more.
  void drop();

  std::size_t under_way() const noexcept { return unacked_.size(); }

 private:
  struct delivery {
    std::string reply;
    foreign_message message;
  };
  void begin(delivery at, messages& out);
  messages all_again();

  std::map<std::uint64_t, std::string> unacked_;  ///< sequence -> where its acknowledgement goes
  bool ready_ = false;
  bool away_ = false;  ///< the consumer did not answer when it was last asked
  steady_time retry_{};
  /// Until then nothing is read while something that was delivered earlier is not acknowledged.
  steady_time settled_by_{};
  std::uint64_t next_delivery_ = 0;  ///< the consumer's number of what comes next; 0: not known
  /// What comes again up to this sequence is kept until all is there; 0: nothing is.
  std::uint64_t again_up_to_ = 0;
  std::size_t to_come_again_ = 0;            ///< messages, if none is acknowledged meanwhile
  std::map<std::uint64_t, delivery> again_;  ///< sequence -> what has come again
  std::size_t wanted_ = 0;                   ///< asked for and not yet come
  steady_time pull_over_{};
};

}  // namespace starling::cluster
