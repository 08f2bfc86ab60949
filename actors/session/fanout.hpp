/// The sessions of one shard, and which of them are in which channel: the loop of every delivery.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/container/small_vector.hpp>
#include <deque>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "actors/base/recent_ids.hpp"
#include "actors/messages/context.hpp"
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
class fanout final : public fanout_inbox, private net::flushable, private net::wheel_timer {
 public:
  fanout(caf::actor_config& cfg, node_context& node, unsigned shard_index);
  std::string_view name() const noexcept override { return "fanout"; }
  fault_policy policy() const noexcept override { return fault_policy::end_process; }

  void on(fan_out& event) override;
  void on(session_started& started) override;
  void on(joined& done) override;
  void on(leave& leaving) override;
  void on(session_ended& ended) override;
  void on(position_changed& changed) override;
  void on(drain& all) override;
  void on(deliver_to& one) override;
  void on(close_one& one) override;
  void on(renew_token& token) override;
  void on(recount& query) override;
  void on(sessions_query& query) override;
  void on(tenant_stats_query& query) override;
  void on(change_one& change) override;

 protected:
  void on_exit() override;

 private:
  void dispatch_later();
  void dispatch();
  void flush() override {
    guarded("flush", [&] { pass_is_over(); });
  }
  void on_timer() override {
    guarded("timer", [&] { save_next_positions(); });
  }
  void pass_is_over();
  void save_next_positions();
  void save_positions();
  void unsubscribe(connection& session, std::vector<channel_id> channels);
  handle<fanout_inbox> self() { return handle<fanout_inbox>(*this); }
  const handle<bridge_inbox>& bridge_of(const session_record& session) const;
  connection* find(const session_id& id) const;
  static const session_id& id_of(const handle<connection_inbox>& session);

  node_context& node_;
  const unsigned shard_;
  /// Events that arrived one after the other, all of the channel batch_channel_.
  batch batch_;
  channel_id batch_channel_ = 0;
  pace pace_;
  std::optional<boost::asio::steady_timer> pause_;  ///< until the batch may go out; with a home
  bool pausing_ = false;
  /// By the id that each has itself. (May throw, says the hash, so that the table keeps its values
  /// and need not go to the sessions when it grows.)
  struct by_id {
    using is_transparent = void;
    static const session_id& of(const session_id& id) { return id; }
    static const session_id& of(const handle<connection_inbox>& session) { return id_of(session); }
    std::size_t operator()(const auto& s) const { return std::hash<session_id>{}(of(s)); }
    bool operator()(const auto& a, const auto& b) const { return of(a) == of(b); }
  };
  std::unordered_set<handle<connection_inbox>, by_id, by_id> sessions_;
  /// Of sessions that ended: closed, deliveries, bytes_out.
  std::unordered_map<tenant_id, net::node_stats> ended_;
  recent_ids for_sessions_;         ///< ids of events for single sessions
  std::deque<session_id> unsaved_;  ///< positions to be told to the store
  /// A user's channel has one member, mostly: that one needs no block of its own.
  using member_list = boost::container::small_vector<
      connection*, 1, void,
      boost::container::small_vector_options_t<boost::container::stored_size<std::uint32_t>>>;
  std::unordered_map<channel_id, member_list> channels_;
};

}  // namespace starling::actors
