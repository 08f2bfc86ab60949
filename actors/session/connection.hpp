/// One client connection: the decisions about it, from the request to the goodbye.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "actors/messages/context.hpp"
#include "actors/session/batch.hpp"
#include "actors/session/replay.hpp"
#include "net/io/timer_wheel.hpp"
#include "net/service.hpp"

namespace starling::actors {

/// A session's place in one channel.
struct subscription {
  channel_id id;
  std::uint32_t index;  ///< in the fanout's member list
  bool from_roster;
  bool leaving;  ///< the fanout has been told
  channel_ptr where;
  sequence since = 0;  ///< a member from here on
};

/// Owns the transport, the outbox limits, the cursor and the timers of one session.
///
/// Control comes as messages; events come by `deliver`, called by the shard's fanout on the same
/// thread. Dies when its transport is closed; the fanout then lets it go.
/// Thread: its shard, always (the loop the connection was accepted on).
class connection final : public connection_inbox,
                         public net::transport_observer,
                         private net::wheel_timer {
 public:
  connection(caf::actor_config& cfg, node_context& node, net::io_loop& loop, session_ptr session,
             std::unique_ptr<net::stream_request> request,
             std::unique_ptr<net::stream_responder> responder);
  ~connection() override;
  std::string_view name() const noexcept override { return "connection"; }
  fault_policy policy() const noexcept override { return fault_policy::end_actor; }

  void on(last_position& known) override;
  void on(former_rooms& known) override;
  void on(refused& no) override;
  void on(denied& no) override;
  void on(replay_part& part) override;
  void on(history_read& answer) override;
  void on(roster_changed& change) override;
  void on(close_session& close) override { say_goodbye(close); }
  void on(publish_done& done) override { acknowledge(done.ref_json, done.verdict); }

  /// Registers with the fanout and asks to join. Call once, right after spawning.
  void start();

  // Called by the fanout of the same shard.
  /// Fetches towards the cache what deliver() looks at: first here, and when that has come (some
  /// members later), in the transport.
  void prefetch() const noexcept {
    __builtin_prefetch(static_cast<const connection_inbox*>(this));
    __builtin_prefetch(&node_);
    __builtin_prefetch(&expiry_announced_);
  }
  void prefetch_transport() const noexcept {
    constexpr std::size_t line = 64, lines = 4;
    const auto at = reinterpret_cast<std::uintptr_t>(transport_.get());  // may not be there yet
    for (std::size_t i = 0; i < lines; ++i)
      __builtin_prefetch(reinterpret_cast<const void*>(at + i * line));
  }
  /// A fault here ends this session alone.
  void deliver(batch& events) {
    guarded("deliver", [&] { take(events); });
  }
  void deliver(const publication_ptr& event) {
    guarded("deliver", [&] { take(event); });
  }
  void on_joined(joined&& answer);
  /// The actor of a channel died: what it was to replay comes from the store.
  void actor_rebuilt(channel_id id);
  void expect_subscriptions(std::size_t more) {
    subscriptions_.reserve(subscriptions_.size() + more);
  }
  void add_subscription(subscription in) {
    subscriptions_.push_back(std::move(in));
    rooms_told_ = false;
  }
  /// Index of the membership that was removed.
  std::optional<std::uint32_t> drop_subscription(channel_id id);
  /// Finds out how far the client has got, for `since=last`, and tells the position store. False
  /// when it has not (as far as is known) got everything it was sent; then call again.
  bool save_position();
  void move_subscription(channel_id id, std::uint32_t index);
  std::vector<channel_id> channels() const;
  result<void> renew(const net::identity_ptr& fresh);
  /// The presence of its user, as far as this session goes.
  void show(presence_state state) { session_->state.store(state, std::memory_order_relaxed); }
  /// How long its client waits before it reconnects; nothing but event streams can say that.
  void tell_retry(std::chrono::milliseconds retry);
  net::session_info describe() const;
  /// Since the session began.
  struct sent_so_far {
    std::uint64_t events = 0;
    std::uint64_t bytes = 0;    ///< those that wait included
    std::uint64_t waiting = 0;  ///< bytes
  };
  sent_so_far traffic() const;
  /// Its goodbye has been said: nothing reaches the client any more.
  bool leaving() const noexcept { return closing_; }
  bool has_view() const noexcept { return view_ != nullptr; }
  const session_ptr& record() const noexcept { return session_; }

 protected:
  void on_exit() override;

 private:
  /// A join under way on a stream that has begun.
  struct pending_join {
    std::uint64_t request;
    std::vector<std::string> rooms;
    std::optional<std::string> ref_json;  ///< of a WebSocket subscribe; else the roster's
    std::vector<std::string> unwanted{};  ///< of `rooms`: to be left as soon as they are joined
  };

  class room_index;

  // transport_observer
  void on_closed(close_code why) override {
    guarded("closed", [&] { closed(why); });
  }
  void on_command(net::ws_command command) override {
    guarded("command", [&] { obey(std::move(command)); });
  }
  void on_drained() override {
    guarded("drained", [&] { drained(); });
  }
  // wheel_timer
  void on_timer() override {
    guarded("timer", [&] { look_at_clock(); });
  }

  void closed(close_code why);
  void obey(net::ws_command command);
  void drained();
  void look_at_clock();

  /// Who resumes is told which rooms were taken away meanwhile.
  void ask_for_former_rooms();
  void add_forbidden(joined& answer, const std::vector<std::string>& former);
  std::vector<std::string> rooms() const;
  void ask_to_join(std::optional<cursor> resume, std::vector<net::lost_room> lost,
                   bool own_history = false);
  /// All events of a join are there.
  void begin(joined& answer, std::vector<publication_ptr> events);
  void continue_with(joined& answer, std::vector<publication_ptr> events);
  /// Fits the replay of a join into a stream that has begun.
  void fit_in(const joined& answer, std::vector<publication_ptr>& events, bool asked_for);
  /// A join for more rooms on a stream that has begun.
  join next_join();
  void send_join(join request, std::optional<std::string> ref_json);
  replay& replay_of(std::uint64_t request);
  void read_store(std::uint64_t request, const std::optional<replay::store_read>& part);
  void finish_if_complete(std::uint64_t request);
  std::optional<pending_join> take_pending_join(std::uint64_t request);
  void leave_rooms(const std::vector<std::string>& rooms);
  subscription* find_room(const std::string& room);
  /// Named by the token itself.
  bool own_room(const std::string& room) const;
  void confirm_subscription(const std::string& ref, const joined& answer, std::size_t replayed);
  /// Events that come from now on wait for a join.
  void hold_events();
  void ask_to_save();
  bool save_what_arrived();
  /// The peer has got something.
  void note_activity() { last_activity_ms_ = wall_ms(); }
  void tell_position();
  void tell_rooms();
  void take(batch& events);
  void take(const publication_ptr& event);
  void queue_replay(const std::vector<publication_ptr>& events);
  void write(const publication_ptr& what);
  void hand_over(const publication_ptr& what);
  /// `bytes` may be none: nothing of it is for this session.
  void send_events(const frame& bytes, const cursor& through);
  bool wanted(const event& what) const;
  void pump();
  /// Whether `more` events fit besides what is queued.
  bool outbox_holds(std::size_t more);
  /// What the outbox holds, and what waits as a part of it.
  outbox_amount in_outbox() const;
  outbox_budget::share& held_up_share();
  bool overflows();
  void outbox_is_full(const publication_ptr& what);
  void relieve_outbox();
  void drop_oldest();
  void tell_of_dropped();
  void say_goodbye(const close_session& why);
  void subscribe(std::vector<std::string> rooms, const std::optional<std::string>& from,
                 std::string ref_json);
  void unsubscribe(const std::vector<std::string>& rooms, const std::string& ref_json);
  void publish(net::ws_command command);
  void acknowledge(const std::string& ref_json, const net::publish_verdict& verdict);
  handle<connection_inbox> self() { return handle<connection_inbox>(*this); }
  bool in_room(const std::string& room) const;
  void arm();

  /// Events that must wait: while a join is answered, while a replay is being written, and, with
  /// drop-oldest, behind an outbox that is full.
  struct backlog {
    std::deque<publication_ptr> events;
    std::size_t limit = 0;     ///< events; more, and the client is too slow
    bool full_outbox = false;  ///< behind a full outbox, and counts as part of it
    std::size_t bytes = 0;     ///< of payloads, while it is
    void push(const publication_ptr& what);
    publication_ptr pop();
  };
  /// What is needed until the stream begins.
  struct opening {
    std::unique_ptr<net::stream_request> request;
    std::unique_ptr<net::stream_responder> responder;
    std::vector<roster_changed> roster_changes{};  ///< to be followed then
    bool former_rooms_awaited = false;
    std::vector<std::string> former_rooms{};  ///< of the user's latest session
    /// The join's answer and its replay, while `former_rooms` are awaited.
    std::optional<std::pair<joined, std::vector<publication_ptr>>> answered{};
  };

  // What deliver() looks at stands together.
  node_context& node_;
  std::unique_ptr<net::transport> transport_;  // while the stream lives
  std::unique_ptr<backlog> waiting_;
  std::unique_ptr<net::session_view> view_;  ///< of a dialect, while the stream lives
  cursor cursor_;  ///< everything up to here has been handed to the transport
  std::uint32_t joins_unanswered_ = 0;
  bool closing_ = false;
  bool save_asked_ = false;  ///< the fanout will call save_position
  bool got_told_ = false;    ///< the position store knows of got_
  bool rooms_told_ = false;  ///< it knows of the rooms
  bool expiry_announced_ = false;

  net::io_loop& loop_;
  session_ptr session_;
  net::identity_ptr who_;
  std::unique_ptr<opening> opening_;
  std::vector<subscription> subscriptions_;
  std::unique_ptr<outbox_budget::share> held_up_;  ///< while the kernel takes no more
  std::unique_ptr<std::vector<pending_join>> joins_;
  std::unique_ptr<std::vector<replay>> replays_;  ///< of joins under way
  cursor got_;                                    ///< everything up to here has reached the peer
  /// Everything up to `at` has reached the peer once it has acknowledged `bytes`.
  struct {
    cursor at;
    std::uint64_t bytes = 0;
  } mark_;
  steady_time next_heartbeat_{};
  std::int64_t last_activity_ms_ = 0;  ///< when the peer was last known to have got something
  /// Events of which the client is still to be told that they are gone.
  std::uint32_t dropped_ = 0;
  std::uint32_t last_request_ = 0;  ///< numbers the joins on a stream that has begun
};

}  // namespace starling::actors
