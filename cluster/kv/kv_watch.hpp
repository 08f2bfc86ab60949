/// What a JetStream key-value bucket holds, and then every change of it.
#pragma once

#include <nats/nats.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "cluster/jetstream/jetstream_admin.hpp"
#include "cluster/nats/nats_session.hpp"

namespace starling::cluster {

/// A push consumer of our own and not kvStore_WatchAll: that one is an ordered consumer, and when
/// its heartbeats stay away (a process that was stopped for 10 s) cnats 3.4.1 replaces it from a
/// thread that may use its own handle before it is set, and crashes. Here missed heartbeats and
/// gaps end the watch, and the caller begins another. Blocking; one thread.
class kv_watch {
 public:
  struct entry {
    std::string key;
    std::string value;
    bool erased = false;
  };

  /// A failure shows in status(). The session outlives the watch.
  kv_watch(nats_session& session, const std::string& bucket);
  ~kv_watch();
  kv_watch(const kv_watch&) = delete;
  kv_watch& operator=(const kv_watch&) = delete;

  /// Everything that was there when the watch began has been returned by next().
  bool complete() const noexcept { return complete_; }
  /// Of the last call. NATS_TIMEOUT: nothing came; else the watch is over.
  natsStatus status() const noexcept { return status_; }
  /// The next entry; nullopt: see status(). NATS_MISMATCH: one is missing before it.
  std::optional<entry> next(std::chrono::milliseconds patience);

 private:
  nats_session& session_;
  const std::string prefix_;  ///< of the bucket's subjects
  jetstream::context_ptr js_;
  natsSubscription* subscription_ = nullptr;
  natsStatus status_ = NATS_OK;
  bool complete_ = false;
  std::uint64_t taken_ = 0;
};

}  // namespace starling::cluster
