/// Foreign messages of one source become events: mapped, stored in order, settled.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/ingest/ingested_message.hpp"
#include "actors/ingest/ingester_inbox.hpp"
#include "actors/ingest/ingestion_state.hpp"
#include "actors/ingest/tenant_finder.hpp"
#include "actors/ingest/tenant_question.hpp"
#include "actors/messages/context.hpp"
#include "net/mapping/rule_set.hpp"

namespace starling::actors {

/// One per source. Its rights are those of the configuration: a rule says whose event a message
/// becomes, so events go to the store without a publisher's questions.
///
/// Guarantees: events of a source reach the store in the order of its messages; a message is
/// settled when the store has all of its events, or when it never will (it does not fit). When the
/// store does not take one, nothing later goes before that one is in but what was on its way
/// already; it is tried again under the same id, so nothing is stored twice.
/// Bounds: what the feed hands out without its being settled.
class ingester final : public ingester_inbox {
 public:
  ingester(caf::actor_config& cfg, node_context& node, std::shared_ptr<const net::rule_set> rules,
           ingestion_state& shared, cluster::foreign_feed& feed, std::size_t source,
           std::string stream);
  std::string_view name() const noexcept override { return "ingester"; }
  fault_policy policy() const noexcept override { return fault_policy::end_process; }

  void on(foreign_arrived& arrived) override;
  void on(source_relieved& relieved) override;
  void on(retry_mapped& again) override;
  void on(mapped_stored& done) override;
  void on(member_changed& done) override;
  void on(tenants_told& told) override;
  void on(tenants_overdue& late) override;

 private:
  /// `asked`: what others know of its tenant is known.
  void take(cluster::foreign_message& arrived, bool asked);
  void go_on();
  bool ask(const std::vector<net::mapped_event>& about);
  bool held_back() const noexcept { return *not_taken_ || !retries_.empty() || unlocated_; }
  void publish(std::uint64_t number);
  bool may_go(ingested_message& of) const;
  void publish_event(std::uint64_t number, std::size_t index, ingested_message& of);
  void change_member(std::uint64_t number, std::size_t index, ingested_message& of);
  void handed_in(ingested_message& of, ingested_message::outgoing& one, const error* failure,
                 bool duplicate);
  void settle_if_complete(std::uint64_t number);
  void finish(std::uint64_t number, net::mapping_result result, std::optional<std::size_t> rule);
  void refuse(std::uint64_t number, net::mapping_result result, std::optional<std::size_t> rule,
              const std::string& subject, const std::string& reason);
  void log_refusal(std::optional<std::size_t> rule, const std::string& subject,
                   const std::string& reason);
  shard_metrics& metrics() const;
  handle<ingester_inbox> self() { return handle<ingester_inbox>(*this); }

  node_context& node_;
  const std::shared_ptr<const net::rule_set> rules_;
  ingestion_state& shared_;
  cluster::foreign_feed& feed_;
  const std::size_t source_;
  const std::string stream_;
  const tenant_finder finder_;
  tenant_question question_;

  std::uint64_t term_ = 1;  ///< answers of an earlier duty do not count
  std::unordered_map<std::uint64_t, ingested_message> messages_;
  std::size_t under_way_ = 0;  ///< messages with something outstanding
  /// Something of this duty was not taken and is to be tried again. Set where that is known first:
  /// the answer comes behind messages that have arrived meanwhile.
  std::shared_ptr<std::atomic<bool>> not_taken_ = std::make_shared<std::atomic<bool>>(false);
  /// To be tried again, in order; while there are any, what arrives waits.
  std::set<std::uint64_t> retries_;
  bool retry_on_its_way_ = false;
  std::deque<cluster::foreign_message> waiting_;

  /// Waits for what other nodes know of its tenant; so does what arrives after it.
  std::optional<cluster::foreign_message> unlocated_;

  steady_time logged_{};
  std::uint64_t not_logged_ = 0;
};

}  // namespace starling::actors
