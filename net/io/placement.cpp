#include "net/io/placement.hpp"

#include <limits>
#include <numeric>

namespace starling::net {

placement::placement(const std::vector<double>& shares)
    : count_(shares.size()), loops_(new loop[shares.size()]) {
  const double average =
      std::accumulate(shares.begin(), shares.end(), 0.0) / static_cast<double>(count_);
  for (std::size_t i = 0; i < count_; ++i)
    loops_[i].cost = shares[i] > 0 ? average / shares[i] : std::numeric_limits<double>::infinity();
}

double placement::reached(const loop& of) const noexcept {
  // One more than there are, so that a loop without a share has reached its end from the start.
  return static_cast<double>(of.placed.load(std::memory_order_relaxed) + 1) * of.cost;
}

bool placement::has_share(std::size_t loop) const noexcept {
  return loops_[loop].cost < std::numeric_limits<double>::infinity();
}

std::size_t placement::choose(std::size_t at) const noexcept {
  std::size_t least = 0;
  for (std::size_t i = 1; i < count_; ++i)
    if (reached(loops_[i]) < reached(loops_[least])) least = i;
  return reached(loops_[at]) > reached(loops_[least]) + slack ? least : at;
}

void placement::placed(std::size_t loop) noexcept {
  loops_[loop].placed.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace starling::net
