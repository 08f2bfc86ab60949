// What the HTTP front and its dialects ask of a node: net::service.
#include <algorithm>

#include "actors/api/back_on.hpp"
#include "actors/api/online.hpp"
#include "actors/api/stats.hpp"
#include "actors/api/views.hpp"
#include "actors/base/access.hpp"
#include "actors/node/node.hpp"
#include "actors/runtime/io_scheduler.hpp"
#include "actors/runtime/spawn.hpp"
#include "actors/session/connection.hpp"

namespace starling::actors {

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
  session->ends_quietly = request.ends_quietly;
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
                      event_source::http, back_on(loop, std::move(done))});
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

void node::leave_behind(net::io_loop& loop, net::identity_ptr caller, const session_id& id) {
  cluster_.ask_home_of(loop, id, close_question{id, caller->tenant, caller->user.str(), true},
                       [](const result<nothing>&) {});
}

void node::find_session(net::io_loop& loop, const net::identity_ptr& caller, const session_id& id,
                        bool own_only, std::function<void(result<void>)> done) {
  cluster_.ask_home_of(
      loop, id, sessions_question{.tenant = caller->tenant, .session = id},
      [&loop, caller, id, own_only, done = std::move(done)](const result<sessions_answer>& found) {
        result<void> out;
        if (!found)
          out = found.error();
        else if (found->sessions.empty())
          out = net::no_session(id.str());
        else if ((own_only || !caller->admin) && found->sessions.front().user != caller->user.str())
          out = net::not_your_session();
        if (!out) loop.metrics().publish_refused(out.error().code);  // no publisher sees it
        done(std::move(out));
      });
}

void node::send_to_session(net::io_loop& loop, net::identity_ptr caller, const session_id& id,
                           net::publish_item item, std::function<void(net::publish_verdict)> done) {
  auto send = [this, &loop, caller, id, done = std::move(done),
               item = std::move(item)](const result<void>& found) mutable {
    if (!found) return done(found.error());
    // Whoever may close a session may speak to it, whatever the token lets them publish.
    auto speaker = std::make_shared<net::identity>(*caller);
    speaker->publish = {"client:" + id.str()};
    item.target = net::publish_item::target_kind::client;
    item.client = id;
    publish_one(loop, std::move(speaker), std::move(item), {}, std::move(done));
  };
  find_session(loop, caller, id, false, std::move(send));
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
  auto publish = [this, &loop, caller, done = std::move(done), item = std::move(item),
                  traceparent = std::move(traceparent)](const result<void>& found) mutable {
    if (!found) return done(found.error());
    publish_one(loop, caller, std::move(item), std::move(traceparent), std::move(done));
  };
  find_session(loop, caller, id, true, std::move(publish));
}

void node::publish_one(net::io_loop& loop, net::identity_ptr caller, net::publish_item item,
                       std::string traceparent, std::function<void(net::publish_verdict)> done) {
  net::publish_batch batch;
  batch.traceparent = std::move(traceparent);
  batch.items.emplace_back(std::move(item));
  publish(loop, std::move(caller), std::move(batch),
          [done = std::move(done)](std::vector<net::publish_verdict> verdicts) {
            done(std::move(verdicts.front()));
          });
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

}  // namespace starling::actors
