#include "cluster/nats/nats_requests.hpp"

#include <vector>

namespace starling::cluster {

std::uint64_t request_table::add(answer_handler handler, steady_time deadline,
                                 std::string consumer) {
  {
    const std::lock_guard hold(mutex_);
    if (!closed_) {
      const auto token = ++last_token_;
      insert(token, {std::move(handler), deadline, std::move(consumer)});
      return token;
    }
  }
  handler({answer_state::disconnected});
  return 0;
}

std::uint64_t request_table::waiting_for(const std::string& consumer) const {
  const std::lock_guard hold(mutex_);
  const auto at = consumers_.find(consumer);
  return at == consumers_.end() ? 0 : at->second;
}

void request_table::insert(std::uint64_t token, pending waiting) {
  deadlines_.emplace(waiting.deadline, token);
  if (!waiting.consumer.empty()) consumers_.insert_or_assign(waiting.consumer, token);
  pending_.emplace(token, std::move(waiting));
}

request_table::pending request_table::take(std::uint64_t token) {
  const std::lock_guard hold(mutex_);
  auto node = pending_.extract(token);
  if (node.empty()) return {};
  deadlines_.erase({node.mapped().deadline, token});
  if (!node.mapped().consumer.empty()) consumers_.erase(node.mapped().consumer);
  return std::move(node.mapped());
}

void request_table::answer(std::uint64_t token, const nats_message& message) {
  auto waiting = take(token);
  if (!waiting.handler) return;
  if (message.no_responders()) {
    waiting.handler({answer_state::no_responders});
    return;
  }
  if (!waiting.handler({answer_state::answered, &message})) return;
  {
    const std::lock_guard hold(mutex_);
    if (!closed_) {
      insert(token, std::move(waiting));
      return;
    }
  }
  waiting.handler({answer_state::disconnected});
}

void request_table::end(std::uint64_t token, answer_state state) {
  if (const auto waiting = take(token); waiting.handler) waiting.handler({state});
}

void request_table::expire(steady_time now) {
  for (;;) {
    std::uint64_t token = 0;
    {
      const std::lock_guard hold(mutex_);
      if (deadlines_.empty() || deadlines_.begin()->first > now) return;
      token = deadlines_.begin()->second;
    }
    end(token, answer_state::timed_out);
  }
}

void request_table::close() {
  std::unordered_map<std::uint64_t, pending> all;
  {
    const std::lock_guard hold(mutex_);
    closed_ = true;
    all.swap(pending_);
    deadlines_.clear();
    consumers_.clear();
  }
  for (auto& [token, waiting] : all) waiting.handler({answer_state::disconnected});
}

bool request_table::empty() const {
  const std::lock_guard hold(mutex_);
  return pending_.empty();
}

}  // namespace starling::cluster
