/// Faults on purpose, to try what is promised of them.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "net/base/result.hpp"

namespace starling {

/// `ACTOR.MESSAGE@N` throws while the Nth such message is handled (from 1, over all actors of the
/// kind), once; `nats-out.order@N` in that thread, which is no actor's. What comes to an actor as a
/// call (a timer, an event that is delivered) has a name as a message has. Any thread.
class planned_faults {
 public:
  /// Error: malformed, naming the entry.
  static result<std::unique_ptr<planned_faults>> parse(const std::vector<std::string>& plan);

  /// Throws std::runtime_error when it is this message's turn.
  void count(std::string_view actor, std::string_view message);

 private:
  std::mutex lock_;
  std::unordered_map<std::string, std::uint64_t> left_;  ///< by "actor.message"
};

/// Of this process: nullptr, as nearly always: none. Set before the first actor begins.
inline planned_faults* faults_to_come = nullptr;

}  // namespace starling
