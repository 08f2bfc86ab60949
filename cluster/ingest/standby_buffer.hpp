/// What a node hears of a source that another node ingests, for the case that it takes over.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "net/base/clock.hpp"

namespace starling::cluster {

/// The latest messages, bounded by age, number and bytes. Plain; one thread.
class standby_buffer {
 public:
  struct message {
    steady_time heard;
    steady_time sent_after;  ///< it was published later than that
    std::string subject;
    std::string body;
    std::string signature;
  };

  /// Longer than it takes until a lease has run out.
  static constexpr std::chrono::milliseconds max_age{5000};
  static constexpr std::size_t max_messages = 65536;
  static constexpr std::size_t max_bytes = 32 * 1024 * 1024;

  void push(message one) {
    bytes_ += size_of(one);
    messages_.push_back(std::move(one));
    const auto oldest = messages_.back().heard - max_age;
    while (!messages_.empty() && (messages_.front().heard < oldest ||
                                  messages_.size() > max_messages || bytes_ > max_bytes)) {
      bytes_ -= size_of(messages_.front());
      messages_.pop_front();
    }
  }

  /// What was heard after `since`, in order; the buffer is empty afterwards.
  std::vector<message> take(steady_time since) {
    std::vector<message> out;
    for (auto& each : messages_)
      if (each.heard > since) out.push_back(std::move(each));
    clear();
    return out;
  }
  void clear() {
    messages_.clear();
    bytes_ = 0;
  }
  std::size_t size() const noexcept { return messages_.size(); }

 private:
  static std::size_t size_of(const message& one) noexcept {
    return one.subject.size() + one.body.size() + one.signature.size() + sizeof(message);
  }

  std::deque<message> messages_;
  std::size_t bytes_ = 0;
};

}  // namespace starling::cluster
