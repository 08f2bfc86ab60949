/// The roster's actor: adds a user's rooms to every join, and tells live sessions of changes.
#pragma once

#include <vector>

#include "actors/messages/context.hpp"
#include "actors/roster/roster_state.hpp"

namespace starling::actors {

/// One per node, fed by the store's watch. Until the first load, joins are refused (a stream that
/// does not know its rooms would be silent without saying so).
/// Thread: the home shard.
class roster final : public roster_inbox {
 public:
  roster(caf::actor_config& cfg, node_context& node);
  std::string_view name() const noexcept override { return "roster"; }
  fault_policy policy() const noexcept override { return fault_policy::end_process; }

  void on(join& request) override;
  void on(roster_loaded& load) override;
  void on(roster_entry_changed& change) override;
  void on(await_membership& expected) override;
  void on(members_query& query) override;
  void on(rooms_of_user_query& query) override;

 private:
  bool holds(const await_membership& expected) const;
  void tell(const cluster::roster_entry& entry, bool added);

  node_context& node_;
  roster_state state_;
  bool loaded_ = false;
  std::vector<await_membership> awaited_;
};

}  // namespace starling::actors
