/// A session that is fed by requests, one after the other.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/dialect/poll/poll_mailbox.hpp"
#include "net/dialect/poll/poll_sessions.hpp"
#include "net/io/io_loop.hpp"
#include "net/io/timer_wheel.hpp"
#include "net/stream/transport.hpp"

namespace starling::net::poll {

/// What the session began with.
struct poll_opening {
  session_id id;
  identity_ptr caller;
  std::vector<std::string> rooms;  ///< asked for
  cursor position;
};

/// Answers at the end of the pass in which there is something to say, or when the request's time is
/// over. Between two requests events wait as in any outbox, and `back_pressure` says so; a client
/// that does not ask again within the grace has left. What it is to be told when it is closed
/// between two requests stays with `sessions`.
///
/// A second request while one is open takes its place: the first is answered without events.
class poll_transport final : public transport, private flushable, private wheel_timer {
 public:
  poll_transport(io_loop& loop, std::shared_ptr<poll_sessions> sessions, poll_opening opening,
                 transport_observer& owner);
  ~poll_transport() override;

  /// The bearer of the last token that a request brought and that holds.
  const identity& caller() const noexcept { return *opening_.caller; }
  /// The request that begins the session; it is answered with `connected`, which comes next.
  void begin(poll_reply reply) { open_ = std::move(reply); }
  /// False, and nothing is done, when the session is over or cannot go on as the visit wants.
  bool go_on(const poll_visit& visit, const poll_reply& reply);
  /// Its client goes on with another session.
  void abandon() { finish(close_code::client_closed); }

  // transport
  void send(frame bytes) override;
  void send_heartbeat(std::string_view id) override;
  void close(close_code why) override;
  void flush_now() override { flush(); }
  std::size_t drop_queued() override;
  void notify_when_drained() override;
  wire_format format() const noexcept override;
  transport_kind kind() const noexcept override { return transport_kind::poll; }
  std::size_t queued_items() const noexcept override { return box_.untold_records(); }
  std::size_t queued_bytes() const noexcept override { return box_.untold_bytes(); }
  std::uint64_t sent_bytes() const noexcept override { return box_.all_bytes(); }
  std::uint64_t acknowledged_bytes() noexcept override { return box_.had_bytes(); }
  bool back_pressure() const noexcept override { return back_pressure_; }
  std::uint64_t delivered() const noexcept override { return delivered_; }

 private:
  void flush() override;
  void on_timer() override;
  void answer_with_news();
  void reply_with(std::string json);
  void finish(close_code why);
  void tell_owner();

  io_loop& loop_;
  const std::shared_ptr<poll_sessions> sessions_;
  poll_opening opening_;
  transport_observer& owner_;
  std::shared_ptr<void> life_ = std::make_shared<char>();
  poll_mailbox box_;
  poll_reply open_;  ///< the request, while there is one
  std::uint64_t delivered_ = 0;
  close_code why_ = close_code::client_closed;
  bool over_ = false;
  bool back_pressure_ = false;
  bool drain_wanted_ = false;
  bool drained_news_ = false;
  bool news_posted_ = false;
};

}  // namespace starling::net::poll
