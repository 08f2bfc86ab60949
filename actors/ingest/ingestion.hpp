/// All ingestion of a node: its rules, its sources, one actor for each.
#pragma once

#include <caf/actor_system.hpp>
#include <memory>
#include <string>
#include <vector>

#include "actors/ingest/ingester_inbox.hpp"
#include "actors/ingest/ingestion_state.hpp"
#include "actors/messages/context.hpp"
#include "cluster/foreign_feed.hpp"
#include "net/mapping/rule_set.hpp"

namespace starling::actors {

/// Made before the node starts. Any thread.
class ingestion final : private cluster::foreign_listener {
 public:
  ingestion(caf::actor_system& system, node_context& node,
            std::shared_ptr<cluster::foreign_feed> feed,
            std::shared_ptr<const net::rule_set> rules);

  void start();
  /// Another node takes over.
  void leave() { feed_->leave(); }
  /// Blocks for a moment. Nothing arrives afterwards.
  void stop() { feed_->stop(); }
  /// After stop().
  void end_actors();

  /// Members' tokens and the roster tell whose a room or a user is.
  void session_opened(const net::identity& identity, const std::vector<std::string>& rooms);
  void roster_loaded(const cluster::roster_part& part);
  void member_changed(const cluster::roster_entry& entry, bool added);

  /// What a message would become if it were published now, and whose it is as far as this node
  /// knows: others are not asked. It need not be signed, and nothing is learnt from it.
  net::mapping_verdict try_out(const net::foreign_message_view& message);

  const net::rule_set& rules() const noexcept { return *rules_; }
  const mapping_counts& counts() const noexcept { return state_.counts; }
  std::vector<cluster::foreign_source_state> sources() const { return feed_->states(); }

 private:
  void on_foreign(cluster::foreign_message message) override;
  void on_relieved(std::size_t source) override;
  void on_told(std::string words) override;

  const std::shared_ptr<cluster::foreign_feed> feed_;
  const std::shared_ptr<const net::rule_set> rules_;
  ingestion_state state_;
  /// Rules may have to find out whose a message is; else nobody is remembered.
  const bool finds_tenants_;
  std::vector<net::mapping_source> sources_;
  std::vector<handle<ingester_inbox>> actors_;
};

}  // namespace starling::actors
