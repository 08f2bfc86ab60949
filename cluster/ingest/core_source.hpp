/// Messages of a source of core NATS: those that are under way, or those of the last seconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/ingest/lease_keeper.hpp"
#include "cluster/ingest/standby_buffer.hpp"
#include "net/base/clock.hpp"

namespace starling::cluster {

/// NATS has a message once and for whoever listens, so what is lost here is lost for good: it is
/// counted, and logged at most every 5 s. Plain; with the feed's lock.
class core_source {
 public:
  using message = standby_buffer::message;

  /// Handed out and not settled: what comes beyond is lost.
  static constexpr std::size_t max_under_way = 65536;
  static constexpr std::size_t max_under_way_bytes = 64 * 1024 * 1024;

  /// `name`: its subject, for logs. `replayable`: what is handed out again does no harm.
  core_source(std::string name, bool replayable)
      : name_(std::move(name)), replayable_(replayable) {}

  /// Another node ingests; this one is kept for the case that it dies.
  void stand_by(message heard) { buffer_.push(std::move(heard)); }
  /// This node ingests from now on. What of the messages on standby is its part, in order.
  std::vector<message> take_over(const predecessor& before);
  /// A message is to be handed out: under which number. nullopt: it is lost, too many are under
  /// way.
  std::optional<std::uint64_t> begin(const message& one);
  /// It is stored, or never will be. Other numbers do nothing.
  void settle(std::uint64_t number);
  /// This node does not ingest any more.
  void drop();

  std::size_t under_way() const noexcept { return under_way_.size(); }
  /// As far as this node knows, at most.
  std::uint64_t lost() const noexcept { return lost_; }

 private:
  void lose(std::uint64_t count, const char* reason);

  const std::string name_;
  const bool replayable_;
  standby_buffer buffer_;
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, std::size_t> under_way_;  ///< number -> bytes
  std::size_t under_way_bytes_ = 0;
  std::uint64_t lost_ = 0;
  steady_time loss_logged_{};
};

}  // namespace starling::cluster
