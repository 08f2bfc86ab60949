/// One client connection: its transport, and the parts that decide about it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/messages/context.hpp"
#include "actors/session/batch.hpp"
#include "actors/session/client_position.hpp"
#include "actors/session/opening.hpp"
#include "actors/session/outbox_policy.hpp"
#include "actors/session/replay.hpp"
#include "actors/session/session_clock.hpp"
#include "actors/session/session_rooms.hpp"
#include "net/io/timer_wheel.hpp"
#include "net/service.hpp"

namespace starling::actors {

/// Owns a session's transport and carries out what its parts decide: `outbox_policy` (what waits,
/// who is too slow), `client_position` (how far the client has got), `session_rooms` (where it is
/// and comes to), `replays` and `opening`, `session_clock`. Those are plain; this one talks.
///
/// Control comes as messages; events come by `deliver`, called by the shard's fanout on the same
/// thread. Dies when its transport is closed; the fanout then lets it go.
/// Thread: its shard, always (the loop that its socket was given to).
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

  /// Registers with the fanout and asks to join. Call once, right after spawning. A fault refuses
  /// this session alone.
  void start() {
    guarded("start", [&] { ask_for_entry(); });
  }

  // Called by the fanout of the same shard.
  /// Fetches towards the cache what deliver() looks at: first here, and when that has come (some
  /// members later), in the transport.
  void prefetch() const noexcept {
    __builtin_prefetch(static_cast<const connection_inbox*>(this));
    __builtin_prefetch(&node_);
    __builtin_prefetch(&position_);
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
  session_rooms& rooms() noexcept { return rooms_; }
  /// Finds out how far the client has got, for `since=last`, and tells the position store. False
  /// when it has not (as far as is known) got everything it was sent; then call again.
  bool save_position();
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
  /// Its goodbye has been said: nothing reaches the client any more, and it counts no more.
  bool leaving() const noexcept { return closing_; }
  bool has_view() const noexcept { return view_ != nullptr; }
  const session_ptr& record() const noexcept { return session_; }

 protected:
  void on_exit() override;

 private:
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

  // Its beginning.
  void ask_for_entry();
  void ask_for_former_rooms();
  void ask_to_join(std::optional<cursor> resume, std::vector<net::lost_room> lost,
                   bool own_history = false);
  void read_store(std::uint64_t request, const std::optional<replay::store_read>& part);
  void begin_if_complete(std::uint64_t request);
  void begin(replays::complete join);
  void open(replays::complete join);
  void go_on(replays::complete join);

  // What is asked of it (connection_traffic.cpp).
  void obey(net::ws_command command);
  void subscribe(const net::ws_command& command);
  void publish(net::ws_command command);
  void acknowledge(const std::string& ref_json, const net::publish_verdict& verdict);
  void confirm_subscription(const std::string& ref, const joined& answer, std::size_t replayed);
  void join_more(std::vector<wanted_channel> channels, std::optional<cursor> resume,
                 std::vector<net::lost_room> lost, std::optional<std::string> ref_json);
  void leave_channels(std::vector<channel_id> channels);

  // Events (connection_traffic.cpp).
  void take(batch& events);
  void take(const publication_ptr& event);
  void write(const publication_ptr& event);
  void hand_over(const publication_ptr& event);
  /// `bytes` may be none: nothing of it is for this session.
  void send_events(const frame& bytes, const cursor& position);
  bool wanted(const publication& published) const;
  void drained();
  /// Sends what waits, as far as there is room.
  void pump();
  void outbox_is_full(const publication_ptr& event);
  void relieve_outbox();
  void tell_of_dropped();
  transport_load load() const {
    return {{transport_->queued_items(), transport_->queued_bytes()}, transport_->back_pressure()};
  }
  outbox_terms terms() { return {node_.options.outbox, node_.outboxes, identity_}; }

  // Its position.
  void ask_to_save();
  void tell_position();
  void tell_rooms();

  // Time, and its end.
  std::chrono::milliseconds end() const;
  void arm();
  void look_at_clock();
  void say_goodbye(const close_session& why);
  void say_goodbye(close_code why) { say_goodbye({why, std::nullopt, std::nullopt}); }
  void closed(close_code why);

  handle<connection_inbox> self() { return handle<connection_inbox>(*this); }

  // What deliver() looks at stands together.
  node_context& node_;
  [[no_unique_address]] session_clock clock_;
  bool closing_ = false;
  bool roster_counts_ = false;                 ///< the roster is to be told of the end
  std::unique_ptr<net::transport> transport_;  // while the stream lives
  outbox_policy outbox_;
  std::unique_ptr<net::session_view> view_;  ///< of a dialect, while the stream lives
  client_position position_;

  net::io_loop& loop_;
  session_ptr session_;
  net::identity_ptr identity_;
  std::unique_ptr<opening> opening_;
  session_rooms rooms_;
  replays replays_;  ///< of joins under way
};

}  // namespace starling::actors
