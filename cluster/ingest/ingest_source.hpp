/// One source of foreign messages on this node: whose turn it is, and what is under way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/foreign_feed.hpp"
#include "cluster/ingest/core_source.hpp"
#include "cluster/ingest/lease_keeper.hpp"
#include "cluster/ingest/stream_source.hpp"
#include "cluster/nats/jetstream_api.hpp"
#include "net/base/clock.hpp"
#include "net/base/subject_pattern.hpp"

namespace starling::cluster {

/// Plain: what it returns is to be handed to the listener, or asked of NATS, by the feed. With the
/// feed's lock, but for what never changes and keeper().holds().
class ingest_source {
 public:
  enum class duty : std::uint8_t {
    standby,
    ingesting,
    leaving  ///< nothing new is taken; the lease goes when all is settled
  };

  /// `index`: among the sources.
  ingest_source(std::size_t index, foreign_source config, subject_pattern pattern,
                const node_id& self, steady_time now);

  std::size_t index() const noexcept { return index_; }
  const foreign_source& config() const noexcept { return config_; }
  bool of_stream() const noexcept { return !config_.stream.empty(); }
  bool matches(std::string_view subject) const noexcept { return pattern_.matches(subject); }

  lease_keeper& keeper() noexcept { return keeper_; }
  const lease_keeper& keeper() const noexcept { return keeper_; }
  stream_source& stream() noexcept { return stream_; }
  duty state() const noexcept { return state_; }
  /// Nothing is under way.
  bool idle() const noexcept { return core_.under_way() == 0 && stream_.under_way() == 0; }
  foreign_source_state report() const;

  // "nats-ingest": its lease comes and goes.
  /// It is this node's. What was heard on standby and is to be ingested. `session_since`: when NATS
  /// was connected to.
  std::vector<foreign_message> begin(const predecessor& before, steady_time session_since);
  /// It is not this node's any more.
  void end();
  /// The node leaves. True the first time: what is behind this moment is to become another's.
  bool begin_leaving(steady_time now);
  bool leaves_late(steady_time now) const noexcept;
  /// Nothing is taken any more.
  void leave() noexcept { state_ = duty::leaving; }

  // Delivery thread.
  /// A message of core NATS. nullopt: it is not to be handed out.
  std::optional<foreign_message> heard(core_source::message message);
  /// A pull has brought a message, see stream_source::take().
  stream_source::messages pulled(std::uint64_t number, std::string_view reply,
                                 foreign_message message, steady_time now) {
    if (state_ != duty::ingesting) return {};  // another's
    return stream_.take(number, reply, std::move(message), now);
  }
  stream_source::messages pull_ended(bool regular, steady_time now) {
    if (state_ != duty::ingesting) return {};
    return stream_.pull_ended(regular, now);
  }

  /// Any thread: a message is stored, or never will be. Where to acknowledge it, when it is of a
  /// stream.
  std::optional<std::string> settle(std::uint64_t number);

  /// Logs what is wrong, once per reason, until all_well().
  void complain(const std::string& reason);
  void all_well() noexcept { complaint_.clear(); }

 private:
  std::optional<foreign_message> numbered(core_source::message message);

  const std::size_t index_;
  const foreign_source config_;
  const subject_pattern pattern_;
  lease_keeper keeper_;
  duty state_ = duty::standby;
  steady_time leave_by_{};
  // The one that it is not stays empty.
  core_source core_;
  stream_source stream_;
  std::string complaint_;
};

}  // namespace starling::cluster
