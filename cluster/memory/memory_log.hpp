/// The history of a cluster of one, in memory: the same limits and dedupe as the stream has.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "cluster/event_log.hpp"
#include "cluster/memory/memory_bus.hpp"
#include "net/base/clock.hpp"

namespace starling::cluster {

class memory_log final : public event_log {
 public:
  /// `lock`: shared with `bus`, which hears what is stored and must live as long.
  memory_log(partition_id partition, std::shared_ptr<memory_lock> lock, memory_bus& bus,
             const history_limits& limits);

  std::chrono::milliseconds disorder() const noexcept override { return {}; }
  void append(event event, completion<append_ack> done) override;
  void read(channel channel, sequence after, sequence up_to, std::size_t limit,
            completion<log_page> done) override;
  void last(channel channel, completion<sequence> done) override;
  void state(completion<log_state> done) override;

 private:
  struct record {
    stored_event stored;
    steady_time at;
  };
  struct channel_history {
    std::deque<sequence> held;   ///< ascending, never empty
    sequence dropped_up_to = 0;  ///< the last one that a limit dropped
  };
  struct dedupe_entry {
    steady_time at;
    std::string key;
  };

  append_ack store(event event, const std::string& key, steady_time now);
  log_page page(const channel& channel, sequence after, sequence up_to, std::size_t limit) const;
  void forget_old(steady_time now);
  void drop_oldest_of(const channel& channel);

  const partition_id partition_;
  const std::shared_ptr<memory_lock> lock_;
  memory_bus& bus_;
  const history_limits limits_;
  const epoch_id epoch_;
  sequence last_ = 0;
  /// Channels that hold nothing have no entry below; this bounds what they may have lost.
  sequence aged_up_to_ = 0;
  std::map<sequence, record> events_;
  std::unordered_map<channel, channel_history> channels_;
  std::unordered_map<std::string, sequence> seen_keys_;
  std::deque<dedupe_entry> key_ages_;
};

}  // namespace starling::cluster
