#include "actors/node/node.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <future>

#include "actors/api/online.hpp"
#include "actors/api/process_usage.hpp"
#include "actors/api/stats.hpp"
#include "actors/api/views.hpp"
#include "actors/base/access.hpp"
#include "actors/base/loop_shares.hpp"
#include "actors/bridge/bridge.hpp"
#include "actors/publish/publisher.hpp"
#include "actors/roster/roster.hpp"
#include "actors/runtime/io_scheduler.hpp"
#include "actors/runtime/spawn.hpp"
#include "actors/session/connection.hpp"
#include "actors/session/fanout.hpp"
#include "cluster/foreign_messages.hpp"
#include "net/base/log.hpp"

namespace starling::actors {

namespace {

/// What other nodes said and no loop has looked at yet: bytes, with some for each message.
constexpr std::size_t most_unread = 64 * 1024 * 1024;
constexpr std::size_t message_cost = 4096;

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
  std::promise<void> quiet;
  boost::asio::post(loops_.front()->context(), [&] {
    second_->cancel();
    second_.reset();
    quiet.set_value();
  });
  quiet.get_future().wait();
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

void node::drain() {
  if (context_.draining.exchange(true)) return;
  log::info("draining", {{"window_ms", context_.options.drain_window.count()}});
  announce_soon();
  if (ingestion_) ingestion_->leave();
  for (const auto& shard : context_.fanouts)
    shard.send(actors::drain{context_.options.drain_window});
}

// -- net::service -------------------------------------------------------------------------------

std::optional<net::goodbye> node::cannot_open(const tenant_id& tenant) const {
  const auto no = [&](close_code code, std::string reason) {
    auto out = net::make_goodbye(code, context_.retry_told(), context_.here(tenant));
    out.reason = std::move(reason);
    return out;
  };
  if (context_.draining) return no(close_code::draining, "this node is leaving");
  if (!context_.partition_of(tenant).ready)
    return no(close_code::overload, "the engine is not ready");
  const auto most = context_.max_sessions.load();
  if (most != 0 && context_.sessions >= most)
    return no(close_code::overload, "max clients reached: this node has limits.max_sessions");
  return std::nullopt;
}

void node::open(net::io_loop& loop, net::stream_request request,
                std::unique_ptr<net::stream_responder> responder) {
  context_.returns.came(steady_clock::now());
  if (const auto no = cannot_open(request.identity->tenant)) return responder->refuse(*no);
  if (ingestion_) ingestion_->session_opened(*request.identity, request.rooms);
  boost::intrusive_ptr session(new session_record);
  session->id = session_id::make(context_.options.tag);
  session->identity = request.identity;
  session->device = request.device.empty() ? request.identity->device : request.device;
  session->kind = request.kind;
  session->opened_ns = wall_ns();
  session->remote = std::move(request.remote);
  auto& home = shards_of(*system_).at(loop.index());
  const auto session_handle = spawn<connection_inbox, connection>(
      *system_, &home, std::ref(context_), std::ref(loop), session_ptr(std::move(session)),
      std::make_unique<net::stream_request>(std::move(request)), std::move(responder));
  static_cast<connection&>(*session_handle.get()).start();
}

result<void> node::check(const net::stream_request& request) {
  for (const auto& room : request.rooms)
    if (!net::may_join(*request.identity, room))
      return error{errc::forbidden, "room \"" + room + "\" is not allowed by the token"};
  return {};
}

void node::publish(net::io_loop& loop, net::identity_ptr caller, net::publish_batch batch,
                   std::function<void(std::vector<net::publish_verdict>)> done) {
  context_.publishers[loop.index()].send(
      publish_request{std::move(caller), std::make_shared<net::publish_batch>(std::move(batch)),
                      event_source::http, std::move(done)});
}

void node::close_session(net::io_loop& loop, net::identity_ptr caller, const session_id& id,
                         std::function<void(result<void>)> done) {
  close_question asked{id, caller->is_operator ? tenant_id{} : caller->tenant, {}};
  if (!caller->admin) asked.owner = caller->user.str();
  cluster_.ask_home_of(loop, id, std::move(asked),
                       [done = std::move(done)](const result<nothing>& closed) {
                         done(closed ? result<void>{} : closed.error());
                       });
}

void node::send_to_session(net::io_loop& loop, net::identity_ptr caller, const session_id& id,
                           net::publish_item item, std::function<void(net::publish_verdict)> done) {
  cluster_.ask_home_of(
      loop, id, sessions_question{.tenant = caller->tenant, .session = id},
      [this, &loop, caller, done = std::move(done), id,
       item = std::move(item)](const result<sessions_answer>& found) mutable {
        if (!found) return done(found.error());
        if (found->sessions.empty()) return done(error{errc::not_found, "no session " + id.str()});
        if (!caller->admin && found->sessions.front().user != caller->user.str())
          return done(error{errc::forbidden, "the session belongs to somebody else"});
        // Whoever may close a session may speak to it, whatever the token lets them publish.
        auto speaker = std::make_shared<net::identity>(*caller);
        speaker->publish = {"client:" + id.str()};
        item.target = net::publish_item::target_kind::client;
        item.client = id;
        publish_one(loop, std::move(speaker), std::move(item), {}, std::move(done));
      });
}

void node::change_session(net::io_loop& loop, net::identity_ptr caller, const session_id& id,
                          net::session_change change, std::function<void(result<void>)> done) {
  change_question asked{.session = id, .tenant = caller->tenant};
  if (change.presence && !parse_presence(*change.presence))
    return done(error{errc::malformed, std::string(presence_rule)});
  asked.presence = change.presence.value_or("");
  if (change.retry) asked.retry_ms = static_cast<std::uint64_t>(change.retry->count());
  // Nobody but the user says how available they are.
  if (!caller->admin || change.presence) asked.owner = caller->user.str();
  cluster_.ask_home_of(loop, id, std::move(asked),
                       [done = std::move(done)](const result<nothing>& changed) {
                         done(changed ? result<void>{} : changed.error());
                       });
}

void node::publish_from_session(net::io_loop& loop, net::identity_ptr caller, const session_id& id,
                                net::publish_item item, std::string traceparent,
                                std::function<void(net::publish_verdict)> done) {
  cluster_.ask_home_of(
      loop, id, sessions_question{.tenant = caller->tenant, .session = id},
      [this, &loop, caller, id, done = std::move(done), item = std::move(item),
       traceparent = std::move(traceparent)](const result<sessions_answer>& found) mutable {
        if (!found) return done(found.error());
        if (found->sessions.empty()) return done(error{errc::not_found, "no session " + id.str()});
        if (found->sessions.front().user != caller->user.str())
          return done(error{errc::forbidden, "the session belongs to somebody else"});
        publish_one(loop, caller, std::move(item), std::move(traceparent), std::move(done));
      });
}

void node::publish_one(net::io_loop& loop, net::identity_ptr caller, net::publish_item item,
                       std::string traceparent, std::function<void(net::publish_verdict)> done) {
  net::publish_batch batch;
  batch.traceparent = std::move(traceparent);
  batch.items.emplace_back(std::move(item));
  publish(loop, std::move(caller), std::move(batch),
          back_on(loop, [done = std::move(done)](std::vector<net::publish_verdict> verdicts) {
            done(std::move(verdicts.front()));
          }));
}

void node::online_users(net::io_loop& loop, net::identity_ptr caller, online_scope scope,
                        std::string room,
                        std::function<void(result<std::vector<net::presence_user>>)> done) {
  find_online(api_, loop, std::move(caller), scope, std::move(room), std::move(done));
}

void node::list_sessions(net::io_loop& loop, net::identity_ptr caller, std::size_t most,
                         std::function<void(result<std::vector<net::session_info>>)> done) {
  cluster_.ask_all(loop,
                   sessions_question{.tenant = caller->is_operator ? tenant_id{} : caller->tenant,
                                     .limit = most},
                   [most, done = std::move(done)](const cluster_answer<sessions_answer>& given) {
                     std::vector<net::session_info> out;
                     for (const auto& part : given.parts)
                       out.insert(out.end(), part.body.sessions.begin(), part.body.sessions.end());
                     std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
                       return a.client_id < b.client_id;
                     });
                     if (out.size() > most) out.resize(most);
                     done(std::move(out));
                   });
}

void node::renew_session(net::io_loop& loop, net::identity_ptr fresh, const session_id& id,
                         std::function<void(result<void>)> done) {
  cluster_.ask_home_of(loop, id, renew_question{id, *fresh},
                       [done = std::move(done)](const result<nothing>& renewed) {
                         done(renewed ? result<void>{} : renewed.error());
                       });
}

void node::find_event(net::io_loop& loop, const channel& channel, std::string id,
                      std::function<void(result<std::optional<cursor>>)> done) {
  const auto epoch = context_.here(channel.tenant).epoch;
  events_.find(channel, epoch, std::move(id),
               back_on(loop, [epoch, done = std::move(done)](result<std::optional<sequence>> at) {
                 if (!at) return done(at.error());
                 done(*at ? std::optional(cursor{epoch, **at}) : std::nullopt);
               }));
}

void node::describe_views(net::io_loop& loop, const tenant_id& tenant,
                          std::function<void(std::vector<std::string>)> done) {
  collect_views(cluster_, loop, tenant, std::move(done));
}

void node::statistics(net::io_loop& loop, net::identity_ptr caller,
                      std::function<void(result<net::node_stats>)> done) {
  gather_stats(cluster_, loop, caller->is_operator ? tenant_id{} : caller->tenant,
               [done = std::move(done)](const cluster_stats& all) { done(all.sum); });
}

std::string node::away() const {
  const auto why = engine_->messages().why_away();
  return why.empty() ? "not connected" : "not connected: " + why;
}

net::health node::health() const {
  net::health out;
  const bool up = engine_->messages().connected();
  out.checks.push_back(
      {context_.clustered ? "nats" : "engine", up && context_.engine_ready(),
       up ? (context_.engine_ready() ? "ready" : "connected, catching up") : away()});
  out.checks.push_back(
      {"roster", context_.roster_ready, context_.roster_ready ? "loaded" : "not loaded"});
  out.checks.push_back(
      {"draining", !context_.draining, context_.draining ? "this node is leaving" : "no"});
  out.sessions = context_.sessions;
  out.users = context_.users;
  out.rooms = context_.rooms;
  out.version = context_.options.version;
  out.started_ms = self_.started_ms;
  out.ready = std::all_of(out.checks.begin(), out.checks.end(), [](const auto& c) { return c.ok; });
  // Whoever is here stays, and whoever is known comes in: not a reason to send clients elsewhere.
  for (const auto& source : context_.options.membership.sources) {
    auto state = source->state();
    out.checks.push_back(
        {"membership_" + std::string(source->name()), state.ok, std::move(state.detail)});
  }
  return out;
}

// -- engine -> actors, on the engine's threads ---------------------------------------------------

void node::on_stored(cluster::partition_id p, stored_event stored) {
  context_.bridges[cluster::index_of(p)].send(engine_stored{std::move(stored)});
}
void node::on_ephemeral(event event) {
  const auto& to = context_.bridge_of(event.channel.tenant);
  to.send(engine_ephemeral{std::move(event)});
}
void node::on_control(channel channel, std::string payload) {
  const auto& to = context_.bridge_of(channel.tenant);
  to.send(engine_control{std::move(channel), std::move(payload)});
}
void node::on_engine(bool up, std::string detail) {
  for (const auto& each : context_.bridges) each.send(engine_changed{up, detail});
  if (up) announce_soon();
}
void node::on_engine_misconfigured(std::string why) { hooks_.misconfigured(std::move(why)); }
void node::on_store_leader_changed(cluster::partition_id p) {
  context_.bridges[cluster::index_of(p)].send(engine_leader_changed{});
}
void node::on_roster(cluster::roster_part part) {
  if (ingestion_) ingestion_->roster_loaded(part);
  context_.roster.send(roster_loaded{std::move(part)});
}
void node::on_member_added(cluster::roster_entry entry) {
  if (ingestion_) ingestion_->member_changed(entry, true);
  context_.roster.send(roster_entry_changed{std::move(entry), true});
}
void node::on_member_removed(cluster::roster_entry entry) {
  if (ingestion_) ingestion_->member_changed(entry, false);
  context_.roster.send(roster_entry_changed{std::move(entry), false});
}

void node::on_membership_news(cluster::membership_news news) {
  context_.roster.send(membership_heard{std::move(news)});
}

void node::read_on(net::io_loop& loop, const char* kind, std::string payload,
                   std::function<void(const std::string&)> reader) {
  const auto cost = payload.size() + message_cost;
  if (unread_.fetch_add(cost) + cost > most_unread) {
    unread_.fetch_sub(cost);
    return cluster::refuse(cluster::refusal::overload, kind, payload.size());
  }
  boost::asio::post(
      loop.context(), [this, kind, cost, payload = std::move(payload), reader = std::move(reader)] {
        unread_.fetch_sub(cost);
        try {
          reader(payload);
        } catch (const std::exception& fault) {
          cluster::refuse(cluster::refusal::fault, kind, payload.size(), fault.what());
        }
      });
}

void node::on_announcement(std::string payload) {
  read_on(*loops_.front(), "announcement", std::move(payload),
          [this](const std::string& bytes) { hear_announcement(bytes); });
}

void node::hear_announcement(const std::string& payload) {
  const auto told = decode_announcement(payload);
  if (!told)
    return cluster::refuse(told.error().code == errc::too_large ? cluster::refusal::too_large
                                                                : cluster::refusal::malformed,
                           "announcement", payload.size(), told.error().message);
  const auto& from = told->node;
  const auto heard = nodes_.heard(from, told->leaving, steady_clock::now());
  if (heard == node_directory::news::refused)
    return cluster::refuse(cluster::refusal::too_many_nodes, "announcement", payload.size());
  if (heard == node_directory::news::joined) {
    log::info("node joined", {{"node", from.id}, {"admin", from.admin_address}});
    if (second_) announce(false);  // so that it knows this one at once
  }
  context_.other_nodes = nodes_.others(steady_clock::now()).size();
}

void node::on_request(std::string payload, std::function<void(std::string)> reply) {
  auto& loop = *loops_[next_loop_.fetch_add(1) % loops_.size()];
  read_on(loop, "question", std::move(payload),
          [this, &loop, reply = std::move(reply)](const std::string& bytes) {
            hear_question(loop, bytes, reply);
          });
}

void node::hear_question(net::io_loop& loop, const std::string& payload,
                         const std::function<void(std::string)>& reply) {
  auto asked = decode_question(payload);
  if (!asked) {
    const auto code = asked.error().code;
    cluster::refuse(code == errc::not_found   ? cluster::refusal::unknown_kind
                    : code == errc::too_large ? cluster::refusal::too_large
                                              : cluster::refusal::malformed,
                    "question", payload.size(), asked.error().message);
    return reply(encode(result<nothing>(asked.error())));
  }
  std::visit(
      [&]<class Question>(const Question& each) {
        answers_.answer(loop, each,
                        [reply](result<typename Question::answer> given) { reply(encode(given)); });
      },
      *asked);
}

// -- heartbeat ----------------------------------------------------------------------------------

void node::every_second() {
  if (!second_) return;
  second_->expires_after(std::chrono::seconds(1));
  second_->async_wait([this](auto cancelled) {
    if (!cancelled) every_second();
  });
  for (const auto& each : context_.bridges) each.send(tick{});
  context_.roster.send(tick{});
  announce(false);
  for (auto& gone : nodes_.newly_gone(steady_clock::now())) {
    log::warn("node gone", {{"node", gone.str()}});
    for (const auto& each : context_.bridges) each.send(node_gone{gone});
  }
  context_.other_nodes = nodes_.others(steady_clock::now()).size();
}

void node::announce_soon() {
  boost::asio::post(loops_.front()->context(), [this] {
    if (second_) announce(false);
  });
}

void node::announce(bool leaving) {
  const auto now = measure();
  nodes_.heard(now, leaving, steady_clock::now());
  engine_->messages().announce(encode(announcement{now, leaving}));
}

net::node_info node::measure() {
  auto out = self_;
  std::uint64_t events_in = 0;
  std::uint64_t deliveries = 0;
  for (const auto* loop : loops_) {
    const auto& m = loop->metrics();
    for (const auto& c : m.events_in) events_in += c.get();
    for (const auto& c : m.deliveries) deliveries += c.get();
    out.outbox_bytes += m.outbox_bytes.get();
  }
  const auto usage = process_usage::now();
  const auto at = steady_clock::now();
  const double seconds = std::chrono::duration<double>(at - last_.at).count();
  if (seconds >= 0.5) {
    self_.events_in_per_s = static_cast<double>(events_in - last_.events_in) / seconds;
    self_.deliveries_per_s = static_cast<double>(deliveries - last_.deliveries) / seconds;
    self_.cpu = (usage.cpu_seconds - last_.cpu_seconds) / seconds;
    last_ = {events_in, deliveries, usage.cpu_seconds, at};
    out.events_in_per_s = self_.events_in_per_s;
    out.deliveries_per_s = self_.deliveries_per_s;
    out.cpu = self_.cpu;
  }
  out.rss_bytes = usage.rss_bytes;
  out.uptime_s = (wall_ms() - self_.started_ms) / 1000;
  out.sessions = context_.sessions;
  out.rooms = context_.rooms;
  out.users = context_.users;
  out.engine_connected = engine_->messages().connected();
  out.draining = context_.draining;
  out.ready = health().ready;
  return out;
}

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

node_commands node::commands() {
  return {[this] {
            drain();
            hooks_.drain_requested();
          },
          [this](const std::string& level) { return hooks_.set_log_level(level); },
          [this] { return mapping_answer(ingestion_.get()); }};
}

}  // namespace starling::actors
