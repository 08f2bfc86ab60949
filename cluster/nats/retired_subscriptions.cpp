#include "cluster/nats/retired_subscriptions.hpp"

#include <algorithm>

namespace starling::cluster {

retired_subscriptions::~retired_subscriptions() {
  for (const auto& left : kept_) natsSubscription_Destroy(left.subscription);
}

std::optional<std::uint64_t> retired_subscriptions::add(natsSubscription* ended) {
  const std::lock_guard hold(mutex_);
  kept_.push_back({++last_number_, ended});
  if (echo_under_way_) return std::nullopt;
  echo_under_way_ = true;
  return last_number_;
}

void retired_subscriptions::echoed(std::uint64_t number) {
  std::vector<retired> done;
  {
    const std::lock_guard hold(mutex_);
    const auto later = std::ranges::upper_bound(kept_, number, {}, &retired::number);
    done.assign(kept_.begin(), later);
    kept_.erase(kept_.begin(), later);
    echo_under_way_ = false;
  }
  for (const auto& free : done) natsSubscription_Destroy(free.subscription);
}

std::size_t retired_subscriptions::size() const {
  const std::lock_guard hold(mutex_);
  return kept_.size();
}

}  // namespace starling::cluster
