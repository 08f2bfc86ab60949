/// The roster's actor: adds a user's rooms to every join, and tells live sessions of changes.
#pragma once

#include <vector>

#include "actors/base/context.hpp"
#include "actors/roster/roster_state.hpp"
#include "actors/runtime/pinned_actor.hpp"

namespace starling::actors {

/// One per node, fed by the store's watch. Until the first load, joins are refused (a stream that
/// does not know its rooms would be silent without saying so).
/// Thread: the home shard.
class roster final : public pinned_actor {
 public:
  roster(caf::actor_config& cfg, node_context& node);
  const char* name() const override { return "roster"; }

 protected:
  void receive(caf::type_erased_tuple& message) override;

 private:
  void enrich(join&& request);
  bool holds(const await_membership& expected) const;
  void tell(const cluster::roster_entry& entry, bool added);

  node_context& node_;
  roster_state state_;
  bool loaded_ = false;
  std::vector<await_membership> awaited_;
};

}  // namespace starling::actors
