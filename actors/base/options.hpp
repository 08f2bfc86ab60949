/// What a node is told when it starts, in the words of its actors; apps/starlingd makes it of the
/// configuration.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "cluster/event_log.hpp"
#include "cluster/membership_source.hpp"
#include "net/base/ids.hpp"

namespace starling::actors {

struct outbox_amount {
  std::size_t events = 0;
  std::size_t bytes = 0;
};

/// Limits of one session, of all sessions of a user on this node, and of the node; what happens
/// beyond them.
struct outbox_options {
  outbox_amount session{100, 1 << 20};
  outbox_amount user{400, 4 << 20};
  outbox_amount node{1'000'000, 256 << 20};
  bool drop_oldest = false;  ///< else: goodbye slow_consumer

  /// How much of a session's may be in the hands of its transport, where it can only be dropped
  /// altogether: with drop_oldest the newer half stays out of it.
  outbox_amount handed_over() const noexcept {
    if (!drop_oldest) return session;
    return {(session.events + 1) / 2, (session.bytes + 1) / 2};
  }
};

struct ring_limits {
  std::size_t max_events = 256;
  std::size_t max_bytes = 256 * 1024;  ///< of payloads
};

struct session_policy {
  std::size_t max_per_user = 5;  ///< 0: no limit
  bool reject_new = false;       ///< else the oldest goes
  std::size_t max_rooms = 1000;  ///< that one session may ask for; token and roster may give more
};

/// The slow look for stored events that never reached this node and that no later one tells of.
/// A full cycle over n live channels takes at most a second more than `cycle`, or than n /
/// `channels_per_second` if that is more: 10,000 channels 51 s. A question costs the store 0.03 ms.
struct sweep_options {
  std::size_t channels_per_second = 200;
  std::chrono::seconds cycle{10};
};

/// Where memberships come from.
struct membership_options {
  bool roster = true;  ///< the roster counts
  std::vector<std::shared_ptr<cluster::membership_source>> sources;
  std::chrono::milliseconds cache{300'000};  ///< how long a source's answer is good
  std::size_t max_users = 100'000;           ///< that are remembered without a session
};

/// Fixed for the life of a node.
struct node_options {
  node_id id;
  node_tag32 tag = 0;
  std::string version;
  std::chrono::milliseconds heartbeat{30000};
  std::chrono::milliseconds drain_window{10000};
  std::chrono::milliseconds retry{2000};  ///< of goodbyes and `connected`: see return_pace
  double return_rate = 8000;              ///< clients a second
  session_policy sessions;
  outbox_options outbox;
  cluster::history_limits history;
  ring_limits ring;
  sweep_options sweep;
  membership_options membership;
};

}  // namespace starling::actors
