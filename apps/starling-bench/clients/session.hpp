/// One client connection: SSE or WebSocket.
#pragma once

#include "apps/starling-bench/wire/chunk_decoder.hpp"
#include "apps/starling-bench/wire/event_loop.hpp"
#include "apps/starling-bench/wire/stamp.hpp"
#include "apps/starling-bench/wire/ws_parser.hpp"
#include "net/wire/sse_parser.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace starling::bench {

class session_pool;

enum class session_state : std::uint8_t {
  closed,
  connecting,  // TCP
  greeting,    // request sent, `connected` not yet seen
  live,
};

/// Owned by a session_pool, which it tells everything it sees. Never destroyed during a run, so the
/// loop may hold on to it; opened again after a close.
class session final : public io_handler {
 public:
  session(session_pool& pool, std::uint32_t index) : pool_(pool), index_(index) {}

  session_state state() const noexcept { return state_; }
  std::uint32_t index() const noexcept { return index_; }
  std::int64_t opened_ns() const noexcept { return opened_ns_; }

  void open();
  /// Quietly; the pool is not told.
  void close();
  /// Stops taking bytes off the socket, until resume().
  void pause();
  void resume();
  /// The newest id seen, for a resume on another connection.
  const std::string& cursor() const noexcept { return cursor_; }
  /// The newest `retry:` line of any connection.
  std::optional<double> retry_ms() const noexcept { return retry_ms_; }

  void on_ready(std::uint32_t events) override;

  // What the parsers call.
  void on_stamp(const stamp& found);
  void on_event(std::string_view name, std::string_view data);
  void take_events(std::string_view bytes);

 private:
  void send_request();
  void receive();
  bool take(std::string_view bytes);
  bool take_head(std::string_view& bytes);
  bool take_frames(std::string_view bytes);
  void go_live(std::string_view greeting);
  void remember_cursor(std::string_view frame);
  void answer_ping(std::string_view payload);
  void fail(std::string_view reason);

  session_pool& pool_;
  std::uint32_t index_;
  int fd_ = -1;
  session_state state_ = session_state::closed;
  bool head_done_ = false;
  std::int64_t opened_ns_ = 0;
  std::string head_;
  chunk_decoder chunks_;
  net::sse_parser events_;
  ws_parser frames_;
  std::string cursor_;
  std::optional<double> retry_ms_;
};

}  // namespace starling::bench
