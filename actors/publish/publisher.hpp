/// From a publish request to the engine and back: rights, envelope, acknowledgement, verdict.
#pragma once

#include <unordered_map>
#include <vector>

#include "actors/messages/context.hpp"

namespace starling::actors {

/// One per shard; answers the connections of its own shard.
///
/// Guarantees: a positive verdict means that the engine has stored the event (durable) or has taken
/// it (ephemeral). An item for several rooms or users is stored once per target, under one id.
/// Errors: forbidden, unavailable (engine away), not_found (client), too_large: per item.
class publisher final : public publisher_inbox {
 public:
  publisher(caf::actor_config& cfg, node_context& node);
  std::string_view name() const noexcept override { return "publisher"; }
  fault_policy policy() const noexcept override { return fault_policy::end_process; }

  void on(publish_request& request) override;
  void on(append_done& done) override;
  void on(client_reached& done) override;

 private:
  /// A request waiting for the engine.
  struct pending {
    publish_request request;
    std::vector<net::publish_verdict> verdicts;
    std::vector<std::size_t> item_of_append;  ///< which item an append belongs to
    std::size_t outstanding = 0;
    std::vector<bool> repeated;  ///< by item: the store had it already
  };

  void publish_item(pending& request, std::uint64_t number, std::size_t item);
  void append(pending& request, std::uint64_t number, std::size_t item, event event);
  void send_now(pending& request, std::size_t item, const event& event);
  void send_to_client(pending& request, std::uint64_t number, std::size_t item, event event);
  static void count(const pending& done, shard_metrics& metrics);
  void finish_if_complete(std::uint64_t number);

  handle<publisher_inbox> self() { return handle<publisher_inbox>(*this); }

  node_context& node_;
  std::uint64_t next_request_ = 1;
  std::unordered_map<std::uint64_t, pending> pending_;
};

}  // namespace starling::actors
