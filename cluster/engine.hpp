/// The faces of the distributed engine, made together because they share a connection.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "cluster/bus.hpp"
#include "cluster/event_log.hpp"
#include "cluster/nats_security.hpp"
#include "cluster/partition.hpp"
#include "cluster/position_store.hpp"
#include "cluster/roster_store.hpp"

namespace starling::cluster {

struct engine {
  virtual ~engine() = default;
  virtual bus& messages() noexcept = 0;
  /// How many parts the store has, at least 1. Tenants are spread over them by partition_of().
  virtual std::size_t partitions() const noexcept = 0;
  virtual event_log& history(partition_id p) noexcept = 0;
  virtual roster_store& roster() noexcept = 0;
  virtual position_store& positions() noexcept = 0;
  /// "memory" or "nats".
  virtual std::string_view kind() const noexcept = 0;

  event_log& history_of(const tenant_id& tenant) noexcept {
    return history(partition_of(tenant, partitions()));
  }
};

/// Embedded, one process, nothing survives a restart.
std::unique_ptr<engine> make_memory_engine(const history_limits& limits,
                                           std::size_t partitions = 1);

struct nats_options {
  /// One or more servers, separated by commas; others of their cluster are found out. May carry
  /// `user:password@`.
  std::string url = "nats://127.0.0.1:4222";
  nats_security security;
  std::string stream = "starling";  ///< stream name and subject prefix
  /// 1 to max_partitions; the store keeps what it was created with.
  std::size_t partitions = 1;
  int replicas = 1;
  history_limits limits;
  std::size_t max_appends_under_way = 16384;
  std::chrono::milliseconds append_timeout{3000};
};

/// NATS with JetStream. `self` names this node in requests and replies.
std::unique_ptr<engine> make_nats_engine(const node_id& self, const nats_options& options);

}  // namespace starling::cluster
