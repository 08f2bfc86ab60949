/// What all stream transports share: the outbox, its accounting, and the way a connection ends.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "net/io/io_loop.hpp"
#include "net/io/timer_wheel.hpp"
#include "net/stream/outbox.hpp"
#include "net/stream/transport.hpp"

namespace starling::net {

/// Middle of a sandwich: a protocol (SSE, WebSocket) derives from this, a channel (TCP, TLS)
/// derives from the protocol. Neither knows of the other.
///
/// An end runs: close() queues the protocol's last bytes -> all is written -> output is ended ->
/// the peer ends its side -> on_closed. A timer cuts each wait short.
class stream_base : public transport, public flushable, public wheel_timer {
 public:
  ~stream_base() override;

  /// Queues `head` and begins to read; `already_read` is treated as the first input.
  void start(std::string_view head, std::string already_read);

  void send(frame bytes) final;
  void close(close_code why) final;
  void flush_now() final { flush(); }
  std::size_t drop_queued() final;
  void notify_when_drained() final;
  wire_format format() const noexcept final { return format_; }
  transport_kind kind() const noexcept final { return kind_; }
  std::size_t queued_items() const noexcept final { return outbox_.items(); }
  std::size_t queued_bytes() const noexcept final { return outbox_.bytes(); }
  std::uint64_t sent_bytes() const noexcept final { return sent_; }
  std::uint64_t acknowledged_bytes() noexcept final {
    if (!over_) acknowledged_ = written_ - std::min<std::uint64_t>(written_, unacknowledged());
    return acknowledged_;
  }
  bool back_pressure() const noexcept final { return back_pressure_; }
  std::uint64_t delivered() const noexcept final { return delivered_; }
  void flush() final;

 protected:
  struct shape {
    transport_kind kind;
    wire_format format;
    bool whole_frames;
  };
  stream_base(io_loop& loop, transport_observer& owner, shape how);

  // What a channel does.
  /// Writes from queued() until it is empty or the kernel has enough; reports by written(),
  /// kernel_is_full() and lost(). Goes on by itself, calling flush(), once there is room.
  virtual void write_queued() = 0;
  /// One input() or peer_left() follows, from the loop.
  virtual void arm_read() = 0;
  /// Tells the peer that nothing more comes.
  virtual void end_output() = 0;
  virtual void close_channel() noexcept = 0;
  /// Bytes that the kernel took and the peer's has not acknowledged.
  virtual std::size_t unacknowledged() noexcept = 0;
  /// Frames that must stay queued although nothing of them is reported as written.
  virtual std::size_t frames_begun() const noexcept { return 0; }

  // What a protocol does.
  virtual void received(std::string_view bytes) = 0;
  virtual frame closing_frame(close_code why) = 0;
  virtual std::size_t read_size() const noexcept = 0;
  /// False stops reading until the outbox is empty.
  virtual bool wants_input() const noexcept { return true; }

  // For channels.
  const outbox& queued() const noexcept { return outbox_; }
  void written(std::size_t bytes);
  void kernel_is_full() noexcept { back_pressure_ = true; }
  void lost() { finish(closing_ ? why_ : close_code::client_closed); }
  void input(std::string_view bytes);
  void peer_left() { lost(); }

  // For protocols.
  void begin_close(close_code why, frame last);
  /// Closes the channel at once; on_closed follows from the loop.
  void finish(close_code why);
  transport_observer& owner() noexcept { return owner_; }

  io_loop& loop() noexcept { return loop_; }
  bool closing() const noexcept { return closing_ || over_; }
  bool over() const noexcept { return over_; }
  /// For handlers, which may run after this object has gone.
  std::weak_ptr<void> life() const noexcept { return life_; }

 private:
  void on_timer() override { finish(why_); }
  void queue(frame bytes);
  void settle();
  void tell_owner();

  io_loop& loop_;
  transport_observer& owner_;
  std::shared_ptr<void> life_;
  outbox outbox_;
  std::uint64_t delivered_ = 0;
  std::uint64_t sent_ = 0;          ///< bytes given to us,
  std::uint64_t written_ = 0;       ///< of these taken by the kernel,
  std::uint64_t acknowledged_ = 0;  ///< of these known to have reached the peer
  const transport_kind kind_;
  const wire_format format_;
  close_code why_ = close_code::client_closed;
  bool closing_ = false;       ///< the last bytes are queued
  bool output_ended_ = false;  ///< and written
  bool over_ = false;          ///< the channel is closed
  bool back_pressure_ = false;
  bool drain_wanted_ = false;
  bool drained_news_ = false;
  bool news_posted_ = false;
  bool read_paused_ = false;
};

}  // namespace starling::net
