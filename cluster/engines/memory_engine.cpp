#include "cluster/engine.hpp"
#include "cluster/memory/memory_bus.hpp"
#include "cluster/memory/memory_log.hpp"
#include "cluster/memory/memory_positions.hpp"
#include "cluster/memory/memory_roster.hpp"

namespace starling::cluster {

namespace {

class memory_engine final : public engine {
 public:
  explicit memory_engine(const history_limits& limits)
      : log_(lock_, bus_, limits), positions_(limits) {}

  bus& messages() noexcept override { return bus_; }
  event_log& history() noexcept override { return log_; }
  roster_store& roster() noexcept override { return roster_; }
  position_store& positions() noexcept override { return positions_; }
  std::string_view kind() const noexcept override { return "memory"; }

 private:
  std::shared_ptr<memory_lock> lock_ = std::make_shared<memory_lock>();
  memory_bus bus_{lock_};
  memory_log log_;
  memory_roster roster_;
  memory_positions positions_;
};

}  // namespace

std::unique_ptr<engine> make_memory_engine(const history_limits& limits) {
  return std::make_unique<memory_engine>(limits);
}

}  // namespace starling::cluster
