/// Requests that wait for an answer on one connection, each with a deadline.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "cluster/nats/nats_message.hpp"
#include "net/base/clock.hpp"

namespace starling::cluster {

enum class answer_state : std::uint8_t {
  answered,
  no_responders,  ///< nobody listens on that subject
  timed_out,
  disconnected,  ///< the answer, if any, will never be heard
};

struct nats_answer {
  answer_state state = answer_state::disconnected;
  const nats_message* message = nullptr;  ///< only when answered
};

/// True: more answers are wanted (until the deadline). Only asked after `answered`; every other
/// state is the last call. Calls for one request never overlap.
using answer_handler = std::function<bool(const nats_answer&)>;

/// Any thread. Handlers are called without the lock.
class request_table {
 public:
  /// The token that answers carry; 0 when the table is closed (then `handler` was called).
  /// `consumer`: the pull consumer whose messages are answers too, or empty.
  std::uint64_t add(answer_handler handler, steady_time deadline, std::string consumer = {});
  /// The token of the request that waits for messages of `consumer`, or 0.
  std::uint64_t waiting_for(const std::string& consumer) const;
  void answer(std::uint64_t token, const nats_message& message);
  /// Ends one request with `state`; nothing happens when it has ended already.
  void end(std::uint64_t token, answer_state state);
  void expire(steady_time now);
  /// Ends all as disconnected, and every later one at once.
  void close();
  bool empty() const;

 private:
  struct pending {
    answer_handler handler;
    steady_time deadline;
    std::string consumer;
  };
  void insert(std::uint64_t token, pending waiting);
  /// Removes and returns it; without handler when it is not there.
  pending take(std::uint64_t token);

  mutable std::mutex mutex_;
  bool closed_ = false;
  std::uint64_t last_token_ = 0;
  std::unordered_map<std::uint64_t, pending> pending_;
  std::set<std::pair<steady_time, std::uint64_t>> deadlines_;
  std::unordered_map<std::string, std::uint64_t> consumers_;
};

}  // namespace starling::cluster
