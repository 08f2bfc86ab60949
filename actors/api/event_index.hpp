/// Where events stand that clients name by their ids instead of by cursors.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cluster/engine.hpp"

namespace starling::actors {

/// Ids of a channel's stored events. Read from the store once, then only what has come since; asked
/// for by many at once (a node's clients come back together) it reads once. Knows as much of a
/// channel as history keeps (some 100 KiB for 1,000 events), of at most `max_channels`.
/// Any thread.
class event_index {
 public:
  static constexpr std::size_t max_channels = 64;
  static constexpr std::size_t page_events = 1000;
  using done = std::function<void(result<std::optional<sequence>>)>;

  explicit event_index(cluster::engine& engine) : engine_(engine) {}

  /// The first stored event of that id, nullopt when history holds none: what the store has
  /// acknowledged before this call is looked at. `epoch`: the store's present life. Called back on
  /// any thread. Error: unavailable.
  void find(const channel& channel, epoch_id epoch, std::string id, done then);

 private:
  struct question {
    std::string id;
    done then;
  };
  struct known_channel {
    epoch_id epoch = 0;
    sequence up_to = 0;
    std::unordered_map<std::string, sequence> ids;
    std::deque<std::pair<sequence, std::string>> order;  ///< of `ids`, ascending
    std::vector<question> asked;                         ///< to be answered by the read under way
    std::vector<question> waiting;                       ///< came after it had begun
    bool reading = false;
  };

  /// known: the last event that the index has; none: 0.
  void read(const channel& channel, sequence known);
  void on_page(const channel& channel, result<cluster::log_page> page);
  static void learn(known_channel& of, cluster::log_page&& page);

  cluster::engine& engine_;
  std::mutex mutex_;
  std::unordered_map<channel, known_channel> channels_;
};

}  // namespace starling::actors
