// What a node consists of, how it starts and ends.
#include "actors/node/node.hpp"

#include <boost/asio/post.hpp>

#include "actors/base/loop_shares.hpp"
#include "actors/bridge/bridge.hpp"
#include "actors/publish/publisher.hpp"
#include "actors/roster/roster.hpp"
#include "actors/runtime/io_scheduler.hpp"
#include "actors/runtime/spawn.hpp"
#include "actors/session/fanout.hpp"
#include "net/base/log.hpp"

namespace starling::actors {

namespace {

mappings_answer mapping_answer(const ingestion* of) {
  mappings_answer out;
  if (!of) return out;
  for (std::size_t rule = 0; rule < of->rules().rules().size(); ++rule) {
    auto& counts = out.rules.emplace_back().counts;
    for (std::size_t i = 0; i < net::mapping_result_count; ++i)
      counts.push_back(of->counts().of(rule, static_cast<net::mapping_result>(i)));
  }
  for (const auto& each : of->sources())
    out.lost.push_back({each.source.stream, each.source.subject, each.lost});
  return out;
}

}  // namespace

node::node(std::vector<net::io_loop*> loops, std::unique_ptr<cluster::engine> engine,
           node_options options, node_hooks hooks)
    : loops_(std::move(loops)),
      engine_(std::move(engine)),
      hooks_(std::move(hooks)),
      nodes_(options.id),
      answers_(context_, commands()),
      cluster_(context_, nodes_, answers_),
      events_(*engine_),
      api_{context_, nodes_, cluster_, hooks_.config_json, ingestion_} {
  context_.options = std::move(options);
  context_.engine = engine_.get();
  context_.clustered = engine_->kind() == "nats";
  context_.locator = &cluster_;
  context_.partitions.resize(engine_->partitions());
  if (context_.asks_sources()) connect_sources();

  io_scheduler::load(caf_config_, loops_);
  system_ = std::make_unique<caf::actor_system>(caf_config_);
  auto& shards = shards_of(*system_);
  for (unsigned i = 0; i < loops_.size(); ++i) context_.shards.push_back(&shards.at(i));
  for (unsigned i = 0; i < loops_.size(); ++i) {
    context_.fanouts.push_back(
        spawn<fanout_inbox, fanout>(*system_, &shards.at(i), std::ref(context_), i));
    context_.publishers.push_back(
        spawn<publisher_inbox, publisher>(*system_, &shards.at(i), std::ref(context_)));
  }
  // Partitions on shards of their own, as far as there are enough.
  for (std::size_t i = 0; i < context_.partitions.size(); ++i)
    context_.bridges.push_back(
        spawn<bridge_inbox, bridge>(*system_, &shards.at(home_of_bridge(i, loops_.size())),
                                    std::ref(context_), static_cast<cluster::partition_id>(i)));
  context_.roster = spawn<roster_inbox, roster>(
      *system_, &shards.at(home_of_roster(context_.partitions.size(), loops_.size())),
      std::ref(context_));
}

void node::connect_sources() {
  context_.tell_of_room = [this](const tenant_id& tenant, const std::string& room, sequence at) {
    if (context_.other_nodes > 0) tell_all(room_named_question{tenant, room, at});
  };
  context_.tell_of_membership = [this](const cluster::membership_news& news) {
    tell_all(membership_news_question{news.tenant, news.user, news.room});
  };
  context_.membership_learnt = [this](const cluster::roster_entry& entry, bool member) {
    if (ingestion_) ingestion_->member_changed(entry, member);
  };
}

template <class Question>
void node::tell_all(Question told) {
  auto& loop = *loops_.front();
  boost::asio::post(loop.context(), [this, &loop, told = std::move(told)] {
    cluster_.ask_all(loop, told, [](const auto&) {});
  });
}

node::~node() {
  if (system_) end_actors();  // never started
}

void node::ingest(std::shared_ptr<cluster::foreign_feed> feed,
                  std::shared_ptr<const net::rule_set> rules) {
  ingestion_ = std::make_unique<ingestion>(*system_, context_, std::move(feed), std::move(rules));
}

void node::start(std::string public_address, std::string admin_address) {
  self_.id = context_.options.id.str();
  self_.tag = context_.options.tag;
  self_.public_address = std::move(public_address);
  self_.admin_address = std::move(admin_address);
  self_.version = context_.options.version;
  self_.started_ms = wall_ms();
  self_.engine_kind = std::string(engine_->kind());
  last_.at = steady_clock::now();
  nodes_.heard(self_, false, last_.at);
  engine_->messages().start(*this);
  engine_->roster().start(*this);
  for (const auto& source : context_.options.membership.sources) source->start(*this);
  if (ingestion_) ingestion_->start();
  second_ = std::make_unique<boost::asio::steady_timer>(loops_.front()->context());
  boost::asio::post(loops_.front()->context(), [this] { every_second(); });
}

void node::stop() {
  loops_.front()->call([this] {
    second_->cancel();
    second_.reset();
  });
  announce(true);
  if (ingestion_) ingestion_->stop();
  answers_.close();
  for (const auto& source : context_.options.membership.sources) source->stop();
  engine_->roster().stop();
  engine_->messages().stop();
  // Whoever is left: their clients come back elsewhere. Settling sees it written.
  for (const auto& shard : context_.fanouts)
    shard.send(actors::drain{std::chrono::milliseconds(0), close_code::shutdown});
  shards_of(*system_).settle();
  end_actors();
}

void node::end_actors() {
  if (ingestion_) ingestion_->end_actors();
  for (const auto& shard : context_.fanouts) shard.stop();
  for (const auto& shard : context_.publishers) shard.stop();
  context_.roster.stop();
  for (const auto& each : context_.bridges) each.stop();
  shards_of(*system_).settle();
  context_.fanouts.clear();
  context_.publishers.clear();
  context_.roster = nullptr;
  context_.bridges.clear();
  system_.reset();
}

bool node::drain() {
  if (context_.draining.exchange(true)) return false;
  log::info("draining", {{"window_ms", context_.options.drain_window.count()}});
  announce_soon();
  if (ingestion_) ingestion_->leave();
  for (const auto& shard : context_.fanouts)
    shard.send(actors::drain{context_.options.drain_window});
  return true;
}

node_commands node::commands() {
  return {[this] {
            if (drain()) hooks_.drain_requested();
          },
          [this](const std::string& level) { return hooks_.set_log_level(level); },
          [this] { return mapping_answer(ingestion_.get()); }};
}

}  // namespace starling::actors
