/// Seam out: how a session writes to its client, whatever the protocol.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/base/error.hpp"
#include "net/base/frame.hpp"
#include "net/wire/protocol.hpp"

namespace starling::net {

/// What a transport tells its owner. Called on the transport's loop thread, never from inside a
/// call of the owner to the transport.
class transport_observer {
 public:
  /// Nothing more can be written: the peer left (client_closed) and is not awaited any more, broke
  /// the protocol, or a close() is complete. Called once; the owner destroys the transport then, or
  /// later.
  virtual void on_closed(close_code why) = 0;
  /// A WebSocket client asked for something that parses. (What does not parse is answered with an
  /// error frame by the transport.)
  virtual void on_command(ws_command command) = 0;
  /// Everything that was queued has been written, after a write had been held up by the kernel or
  /// `notify_when_drained` was called.
  virtual void on_drained() = 0;

 protected:
  ~transport_observer() = default;
};

/// Owns an outbox and the way to the client: a socket, one stream among others on a socket, or
/// whatever request is open at the moment. One loop thread only. Destroying it ends that way.
///
/// Writes are gathered: `send` queues and marks the transport for the loop's next flush, which
/// hands all queued frames over in one go. What is not taken (by the kernel, by a window, because
/// no request is open) waits in the outbox, and `back_pressure` says so.
class transport {
 public:
  virtual ~transport() = default;

  /// Queues an encoded frame (one event, several, or a notice). Never fails: a broken connection
  /// shows as on_closed.
  virtual void send(frame bytes) = 0;
  /// The protocol's keep-alive: an SSE comment (and, if the client asked for it, an event that
  /// carries `id`, the text of the session's cursor), a WebSocket ping. Closes a WebSocket peer
  /// that has not answered the previous one. Nothing is sent while other bytes wait anyway.
  virtual void send_heartbeat(std::string_view id) = 0;
  /// Writes what is queued (at most for some seconds), ends the protocol properly (last chunk,
  /// WebSocket close frame with the code of `why`), closes, then calls on_closed(why).
  virtual void close(close_code why) = 0;
  /// Hands over now what would go at the loop's next flush; for an owner that must know
  /// whether a full outbox is the peer's fault or just this pass's.
  virtual void flush_now() = 0;
  /// Forgets the events that are queued and not yet begun; returns how many that were. What is no
  /// event (connected, goodbye, ack, gap) stays, in order.
  virtual std::size_t drop_queued() = 0;
  /// Calls on_drained when the outbox is empty, at once (from the loop) if it is already.
  virtual void notify_when_drained() = 0;

  virtual wire_format format() const noexcept = 0;
  virtual transport_kind kind() const noexcept = 0;
  /// Events and notices queued and not yet handed over, and their bytes.
  virtual std::size_t queued_items() const noexcept = 0;
  virtual std::size_t queued_bytes() const noexcept = 0;
  /// Bytes given to `send` since the start, and how many of them the peer is known to have (its
  /// kernel, by one system call; less where it cannot be told).
  virtual std::uint64_t sent_bytes() const noexcept = 0;
  virtual std::uint64_t acknowledged_bytes() noexcept = 0;
  /// Not all of an earlier write was taken; false again with the on_drained that follows.
  virtual bool back_pressure() const noexcept = 0;
  /// Events written since the start (not counting connected, heartbeats and the like).
  virtual std::uint64_t delivered() const noexcept = 0;
};

}  // namespace starling::net
