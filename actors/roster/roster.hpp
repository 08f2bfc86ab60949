/// The roster's actor: adds a user's rooms to every join, and tells live sessions of changes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/messages/context.hpp"
#include "actors/roster/roster_state.hpp"
#include "actors/roster/source_cache.hpp"

namespace starling::actors {

/// One per node, fed by the store's watch. Until the first load, joins are refused (a stream that
/// does not know its rooms would be silent without saying so). Where other sources are asked
/// (roster_sources.cpp) a join waits until they have answered for its user, and is refused when
/// nothing is known of them.
/// Thread: the home shard.
class roster final : public roster_inbox, private source_cache::output {
 public:
  roster(caf::actor_config& cfg, node_context& node);
  std::string_view name() const noexcept override { return "roster"; }
  fault_policy policy() const noexcept override { return fault_policy::end_process; }

  void on(join& request) override;
  void on(roster_entry_changed& change) override;
  void on(roster_loaded& load) override;
  void on(await_membership& expected) override;
  void on(members_query& query) override;
  void on(changes_query& query) override;
  void on(rooms_of_user_query& query) override;
  // roster_sources.cpp
  void on(session_gone& gone) override;
  void on(membership_heard& told) override;
  void on(room_named& event) override;
  void on(source_answered& answer) override;
  void on(tick&) override;

 private:
  /// Of whom the sources are still to say something.
  struct waiting_user {
    std::vector<join> joins;
    std::vector<rooms_of_user_query> queries;
  };

  // source_cache::output (roster_sources.cpp)
  void ask_rooms(std::size_t source, const tenant_id& tenant, const std::string& user) override;
  void ask_users(std::size_t source, const tenant_id& tenant, const std::string& room) override;
  void changed(const cluster::roster_entry& entry, bool member, bool heard) override;
  void known(const tenant_id& tenant, const std::string& user, const error* failure) override;
  sequence here(const tenant_id& tenant) override { return node_.here(tenant).seq; }

  bool holds(const await_membership& expected) const;
  void tell(const cluster::roster_entry& entry, bool added);
  void pass_on(join&& request);
  void refuse(const join& request, std::string reason);
  void answer(const rooms_of_user_query& query) const;
  /// By the roster, or by another source.
  std::optional<sequence> member_since(const tenant_id& tenant, const std::string& user,
                                       const std::string& room) const;
  std::vector<cluster::roster_entry> rooms_of(const tenant_id& tenant,
                                              const std::string& user) const;
  handle<roster_inbox> self() { return handle<roster_inbox>(*this); }

  node_context& node_;
  roster_state state_;
  bool loaded_ = false;
  std::vector<await_membership> awaited_;
  std::unique_ptr<source_cache> sources_;  ///< where there are any
  std::chrono::milliseconds own_tick_{0};  ///< between the node's, where those are not enough
  steady_time next_own_tick_{};
  std::unordered_map<std::string, waiting_user> waiting_;  ///< by tenant and user
};

}  // namespace starling::actors
