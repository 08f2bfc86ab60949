#include "actors/ingest/ingestion.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "actors/ingest/ingester.hpp"
#include "actors/ingest/tenant_finder.hpp"
#include "actors/runtime/spawn.hpp"

namespace starling::actors {

namespace {

/// Every message of the source has an id in the store: of a stream at least its sequence there.
bool replayable(const net::mapping_source& source, const net::rule_set& rules) {
  const auto pattern = subject_pattern::parse(source.subject);
  return std::all_of(rules.rules().begin(), rules.rules().end(), [&](const auto& rule) {
    return rule.stream() != source.stream || !pattern || !pattern->overlaps(rule.subject()) ||
           rule.has_ids();
  });
}

}  // namespace

ingestion::ingestion(caf::actor_system& system, node_context& node,
                     std::shared_ptr<cluster::foreign_feed> feed,
                     std::shared_ptr<const net::rule_set> rules)
    : feed_(std::move(feed)),
      rules_(std::move(rules)),
      state_(rules_->rules().size()),
      finds_tenants_(rules_->tenants_may_be_unknown()),
      sources_(rules_->sources()) {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    auto* const home = node.shards.empty() ? nullptr : node.shards[i % node.shards.size()];
    actors_.push_back(spawn<ingester_inbox, ingester>(system, home, std::ref(node), rules_,
                                                      std::ref(state_), std::ref(*feed_), i,
                                                      sources_[i].stream));
  }
}

void ingestion::start() {
  std::vector<cluster::foreign_source> sources;
  for (const auto& each : sources_)
    sources.push_back({each.stream, each.subject, replayable(each, *rules_)});
  feed_->start(std::move(sources), *this);
}

void ingestion::end_actors() {
  for (const auto& each : actors_) each.stop();
  actors_.clear();
}

net::mapping_verdict ingestion::try_out(const net::foreign_message_view& message) {
  auto verdict = rules_->try_out(message);
  std::vector<net::mapped_event> located;
  const tenant_finder finder(state_.tenants, false);
  for (auto& event : verdict.events) {
    if (event.tenant) {  // as it stands, also where it is for every tenant
      located.push_back(std::move(event));
      continue;
    }
    auto found = finder.find({event}, true);
    if (!found)
      return {net::mapping_result::bad,
              verdict.rule,
              "nothing that this node knows tells its tenant",
              {}};
    std::move(found->begin(), found->end(), std::back_inserter(located));
  }
  verdict.events = std::move(located);
  return verdict;
}

void ingestion::on_foreign(cluster::foreign_message message) {
  const auto& to = actors_[message.source];
  to.send(foreign_arrived{std::move(message)});
}

void ingestion::on_told(std::string words) {
  for (const auto& each : actors_) each.send(tenants_told{words});
}

void ingestion::session_opened(const net::identity& identity,
                               const std::vector<std::string>& rooms) {
  if (!finds_tenants_) return;
  state_.tenants.user_seen(identity.tenant, identity.user.str());
  for (const auto* all : {&identity.rooms, &rooms})
    for (const auto& room : *all)
      if (net::is_exact(room)) state_.tenants.room_seen(identity.tenant, room);
}

void ingestion::roster_loaded(const cluster::roster_part& part) {
  if (finds_tenants_) state_.tenants.roster_loaded(part);
}

void ingestion::member_changed(const cluster::roster_entry& entry, bool added) {
  if (!finds_tenants_) return;
  if (added)
    state_.tenants.member_added(entry);
  else
    state_.tenants.member_removed(entry);
}

void ingestion::on_relieved(std::size_t source) { actors_[source].send(source_relieved{}); }

}  // namespace starling::actors
