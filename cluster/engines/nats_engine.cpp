#include <deque>

#include "cluster/engine.hpp"
#include "cluster/jetstream/jetstream_log.hpp"
#include "cluster/jetstream/nats_bus.hpp"
#include "cluster/jetstream/nats_connection.hpp"
#include "cluster/kv/kv_positions.hpp"
#include "cluster/kv/kv_roster.hpp"

namespace starling::cluster {

namespace {

class nats_engine final : public engine {
 public:
  nats_engine(const node_id& self, const nats_options& options)
      : connection_(std::make_shared<nats_connection>(self, options)),
        bus_(self, connection_),
        roster_(connection_),
        positions_(connection_) {
    for (std::size_t i = 0; i < options.partitions; ++i)
      logs_.emplace_back(connection_, partition_id{static_cast<std::uint8_t>(i)});
  }

  ~nats_engine() override {
    roster_.stop();
    bus_.stop();
  }

  bus& messages() noexcept override { return bus_; }
  std::size_t partitions() const noexcept override { return logs_.size(); }
  event_log& history(partition_id p) noexcept override { return logs_[index_of(p)]; }
  roster_store& roster() noexcept override { return roster_; }
  position_store& positions() noexcept override { return positions_; }
  std::string_view kind() const noexcept override { return "nats"; }

 private:
  const std::shared_ptr<nats_connection> connection_;
  nats_bus bus_;
  std::deque<jetstream_log> logs_;
  kv_roster roster_;
  kv_positions positions_;
};

}  // namespace

std::unique_ptr<engine> make_nats_engine(const node_id& self, const nats_options& options) {
  return std::make_unique<nats_engine>(self, options);
}

}  // namespace starling::cluster
