#include <deque>

#include "cluster/engine.hpp"
#include "cluster/memory/memory_bus.hpp"
#include "cluster/memory/memory_log.hpp"
#include "cluster/memory/memory_positions.hpp"
#include "cluster/memory/memory_roster.hpp"

namespace starling::cluster {

namespace {

class memory_engine final : public engine {
 public:
  memory_engine(const history_limits& limits, std::size_t partitions) : positions_(limits) {
    for (std::size_t i = 0; i < partitions; ++i)
      logs_.emplace_back(partition_id{static_cast<std::uint8_t>(i)}, lock_, bus_, limits);
  }

  bus& messages() noexcept override { return bus_; }
  std::size_t partitions() const noexcept override { return logs_.size(); }
  event_log& history(partition_id p) noexcept override { return logs_[index_of(p)]; }
  roster_store& roster() noexcept override { return roster_; }
  position_store& positions() noexcept override { return positions_; }
  std::string_view kind() const noexcept override { return "memory"; }

 private:
  std::shared_ptr<memory_lock> lock_ = std::make_shared<memory_lock>();
  memory_bus bus_{lock_};
  std::deque<memory_log> logs_;
  memory_roster roster_;
  memory_positions positions_;
};

}  // namespace

std::unique_ptr<engine> make_memory_engine(const history_limits& limits, std::size_t partitions) {
  return std::make_unique<memory_engine>(limits, partitions);
}

}  // namespace starling::cluster
