/// The sessions of one shard, and which of them are in which channel: the loop of every delivery.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/container/small_vector.hpp>
#include <deque>
#include <optional>
#include <unordered_map>

#include "actors/base/context.hpp"
#include "actors/base/recent_ids.hpp"
#include "actors/runtime/pinned_actor.hpp"
#include "actors/session/batch.hpp"
#include "actors/session/pace.hpp"
#include "net/io/io_loop.hpp"
#include "net/io/timer_wheel.hpp"

namespace starling::actors {

class connection;

/// One per shard. Holds the strong handles of its connections; they live until session_ended.
///
/// Joins, leaves and events pass through its mailbox in one order, so a session gets exactly the
/// events after the position its join was answered with. Events are handed to connections by a
/// direct call: same thread, no message per connection.
class fanout final : public pinned_actor, private net::flushable, private net::wheel_timer {
 public:
  fanout(caf::actor_config& cfg, node_context& node, unsigned shard_index);
  const char* name() const override { return "fanout"; }

 protected:
  void receive(caf::type_erased_tuple& message) override;
  void on_exit() override;

 private:
  void deliver(fan_out&& event);
  void hand_out_later();
  void hand_out();
  void flush() override;
  void on_timer() override;
  void save_positions();
  void admit(const ticket_ptr& ticket);
  void forget(const session_id& id);
  void remove_membership(connection& who, feed_id feed);
  void drain_all(const drain& all);
  void inspect(const sessions_query& query) const;
  void recount_members(const recount& query) const;
  void apply(const roster_changed& change);
  connection* find(const session_id& id) const;

  node_context& node_;
  const unsigned shard_;
  /// Events that arrived one after the other, all of the channel batch_feed_.
  batch batch_;
  feed_id batch_feed_ = 0;
  pace pace_;
  std::optional<boost::asio::steady_timer> pause_;  ///< until the batch may go out; with a home
  std::unordered_map<session_id, caf::actor> sessions_;
  recent_ids for_sessions_;         ///< ids of events for single sessions
  std::deque<session_id> unsaved_;  ///< positions to be told to the store
  /// A user's channel has one member, mostly: that one needs no block of its own.
  using member_list = boost::container::small_vector<
      connection*, 1, void,
      boost::container::small_vector_options_t<boost::container::stored_size<std::uint32_t>>>;
  std::unordered_map<feed_id, member_list> feeds_;
};

}  // namespace starling::actors
