/// The stored history of all channels of a partition, in one order.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "net/base/event.hpp"
#include "net/base/result.hpp"

namespace starling::cluster {

/// Called once, on any thread, possibly before the call that takes it returns.
template <class T>
using completion = std::function<void(result<T>)>;

struct history_limits {
  std::size_t max_events_per_channel = 1000;
  std::chrono::seconds max_age{24 * 3600};
  /// Of users' last positions: far longer than events are kept, so that who comes back late is told
  /// of the loss instead of being taken for somebody new.
  std::chrono::seconds positions_max_age{365 * 24 * 3600};
  std::chrono::seconds dedupe_window{120};
};

struct append_ack {
  epoch_id epoch = 0;
  sequence seq = 0;        ///< of the first event with this id
  bool duplicate = false;  ///< it was stored before, within the dedupe window
};

/// The whole partition. `first` > `last` when it is empty.
struct log_state {
  epoch_id epoch = 0;
  sequence first = 1;
  sequence last = 0;
  std::string leader = {};  ///< the server that leads it; empty when there is none or it is unknown
};

/// A part of one channel's history, ascending.
struct log_page {
  std::vector<stored_event> events;
  bool more = false;  ///< `limit` cut it; go on after the last event
  /// The oldest event still stored on the channel; 0 when it holds nothing later than `after`.
  sequence oldest = 0;
  /// The channel holds as many events as it may, and `oldest` is the next to go. Known when
  /// `oldest` is later than `after` and, with `after` 0, `more`; else it may be false.
  bool full = false;
  /// Events of this channel later than `after` may be missing from what is stored, because the
  /// limits (count, age) dropped them. Never false when one was dropped; it may be true without a
  /// loss when `after` is older than everything in the store, or the channel is just full. With
  /// `after` 0 it says only whether something was dropped while the page was read.
  bool dropped = false;
};

/// Append-only store of the events of one partition; channels are those of its tenants.
/// Implementations: memory_log (one process), jetstream_log (cluster). Calls never block; any
/// thread.
class event_log {
 public:
  virtual ~event_log() = default;

  /// Events of different channels may be delivered this much out of the store's order; 0 when they
  /// never are.
  virtual std::chrono::milliseconds disorder() const noexcept = 0;

  /// Stores `event` and afterwards delivers it to every node that follows its channel (this one
  /// included) as bus_listener::on_stored. The event's id, never empty, is unique in its channel:
  /// the same id within the window is stored once and acknowledged with the first sequence.
  /// Errors: unavailable (engine away, or no acknowledgement in time), too_large, rate_limited
  /// (too many appends under way).
  virtual void append(event event, completion<append_ack> done) = 0;

  /// Events of `channel` with after < seq <= up_to, at most `limit` (and at most some MiB: see
  /// `more`). `previous` is the event before it in the page, 0 for the first. What the store
  /// acknowledged before this call is in the page. Error: unavailable.
  virtual void read(channel channel, sequence after, sequence up_to, std::size_t limit,
                    completion<log_page> done) = 0;

  /// The newest event that is stored on `channel`, 0 when it holds none. Cheap, and good for hints
  /// only: the answer may lag behind what was acknowledged a moment ago; it never runs ahead.
  /// Error: unavailable.
  virtual void last(channel channel, completion<sequence> done) = 0;

  /// Where the partition stands. Everything followed before this call is followed at the engine
  /// when `done` is called: an event of such a channel that is later than `last` will be delivered.
  /// Error: unavailable.
  virtual void state(completion<log_state> done) = 0;
};

}  // namespace starling::cluster
