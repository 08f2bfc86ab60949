#include "actors/session/connection.hpp"

#include "actors/session/replay_fit.hpp"
#include "net/base/log.hpp"
#include "net/io/io_loop.hpp"
#include "net/wire/codec.hpp"
#include "net/wire/encoders.hpp"

namespace starling::actors {

connection::connection(caf::actor_config& cfg, node_context& node, net::io_loop& loop,
                       session_ptr session, std::unique_ptr<net::stream_request> request,
                       std::unique_ptr<net::stream_responder> responder)
    : connection_inbox(cfg),
      node_(node),
      loop_(loop),
      session_(std::move(session)),
      identity_(session_->identity),
      opening_(new opening{std::move(request), std::move(responder)}) {
  node_.sessions.fetch_add(1, std::memory_order_relaxed);
}

connection::~connection() = default;

// -- beginning ----------------------------------------------------------------------------------

void connection::ask_for_entry() {
  node_.fanouts[loop_.index()].send(session_started{session_, self()});
  auto wish = opening_->wish();
  if (wish.former_rooms) ask_for_former_rooms();
  if (!wish.at_last_position) return ask_to_join(wish.from, std::move(wish.lost));
  node_.engine->positions().get(
      identity_->tenant, identity_->user.str(),
      [me = self()](result<std::optional<cursor>> at) { me.send(last_position{std::move(at)}); });
}

void connection::ask_for_former_rooms() {
  opening_->former_rooms_awaited = true;
  node_.engine->positions().rooms(identity_->tenant, identity_->user.str(),
                                  [me = self()](result<std::vector<std::string>> rooms) {
                                    me.send(former_rooms{std::move(rooms)});
                                  });
}

void connection::ask_to_join(std::optional<cursor> resume, std::vector<net::lost_room> lost,
                             bool own_history) {
  outbox_.wait_for_join(terms());
  roster_counts_ = node_.asks_sources();
  node_.roster.send(join{.connection = self(),
                         .shard = loop_.index(),
                         .session = session_,
                         .request = opening_request,
                         .channels = opening_->channels(*identity_, own_history),
                         .resume = resume,
                         .lost = std::move(lost)});
}

void connection::on(refused& no) {
  if (opening_) {
    std::exchange(opening_, nullptr)->responder->refuse(no.why);
    return quit();
  }
  const auto pending = rooms_.answered(no.request);
  if (pending && pending->ref_json)
    acknowledge(*pending->ref_json, error{errc::unavailable, no.why.reason});
  else if (pending && pending->unwanted.empty())  // a member that hears nothing must come back
    return say_goodbye(close_code::overload);
  pump();
}

void connection::on(denied& no) {
  std::exchange(opening_, nullptr)->responder->fail(no.why);
  quit();
}

void connection::on(last_position& known) {
  if (!known.at) return say_goodbye(close_code::overload);
  // Whoever was never here gets what was said to them.
  ask_to_join(*known.at, {}, !*known.at);
}

void connection::on(former_rooms& known) {
  if (!opening_) return;
  opening_->former_rooms_awaited = false;
  if (known.rooms)
    opening_->former_rooms = std::move(*known.rooms);
  else  // where events are to be had they are worth more than a list of rooms
    log::warn("former rooms are not known",
              {{"client_id", session_->id.str()}, {"why", known.rooms.error().message}});
  if (opening_->answered) begin(std::move(*opening_->answered));
}

void connection::on_joined(joined&& answer) {
  guarded("joined", [&] {
    outbox_.wait_for_join(terms());  // live events wait for those before them
    const auto request = answer.request;
    replays_.of(request, node_.options.history.max_events_per_channel).begin(std::move(answer));
    begin_if_complete(request);
  });
}

void connection::on(replay_part& part) {
  const auto request = part.request;
  auto& replay = replays_.of(request, node_.options.history.max_events_per_channel);
  read_store(request, replay.add(std::move(part)));
  begin_if_complete(request);
}

void connection::on(history_read& answer) {
  if (!answer.page) {
    log::warn("replay failed",
              {{"client_id", session_->id.str()}, {"why", answer.page.error().message}});
    return say_goodbye(close_code::overload);
  }
  const auto epoch = node_.here(identity_->tenant).epoch;
  auto& replay = replays_.of(answer.request, node_.options.history.max_events_per_channel);
  read_store(answer.request, replay.add(answer.id, std::move(*answer.page), epoch));
  begin_if_complete(answer.request);
}

void connection::actor_rebuilt(channel_id id) {
  guarded("actor_rebuilt", [&] {
    replays_.for_each([&](replay& each) { read_store(each.request(), each.actor_rebuilt(id)); });
  });
}

void connection::read_store(std::uint64_t request, const std::optional<replay::store_read>& part) {
  if (!part) return;
  node_.engine->history_of(identity_->tenant)
      .read(*part->of, part->after, part->up_to, part->limit,
            [me = self(), request, id = part->id](result<cluster::log_page> page) {
              me.send(history_read{request, id, std::move(page)});
            });
}

void connection::begin_if_complete(std::uint64_t request) {
  if (auto join = replays_.take(request)) begin(std::move(*join));
}

void connection::begin(replays::complete join) {
  if (opening_ && opening_->former_rooms_awaited) {
    opening_->answered = std::move(join);
    return;
  }
  if (!alive() || closing_) return;
  if (join.answer.opening)
    open(std::move(join));
  else
    go_on(std::move(join));
}

void connection::open(replays::complete join) {
  auto& [answer, events] = join;
  if (auto& former = opening_->former_rooms) {
    for (auto& room : rooms_.forbidden(*former, *identity_)) {
      add_loss(answer.lost, std::move(room), "forbidden");
      answer.resumed = false;
    }
    rooms_.stored(std::move(*former));
  }
  // The id of `connected` must not run ahead of the replay that follows it.
  auto at = answer.position;
  if (!events.empty()) at.seq = events.front()->seq() - 1;
  position_.begin(at);
  net::connected hello;
  hello.client_id = session_->id;
  hello.user = identity_->user.str();
  hello.tenant = identity_->tenant.str();
  hello.node = node_.options.id.str();
  hello.rooms = rooms_.names();
  hello.position = at;
  hello.resumed = answer.resumed;
  hello.replayed = events.size();
  hello.lost = answer.lost;
  hello.heartbeat = node_.options.heartbeat;
  hello.server_time_ms = wall_ms();

  transport_ = opening_->responder->accept(hello, *this);
  log::info("session opened", {{"client_id", session_->id.str()},
                               {"user", identity_->user.str()},
                               {"transport", net::to_string(session_->kind)},
                               {"remote", session_->remote},
                               {"request_id", opening_->request->request_id},
                               {"trace_id", opening_->request->trace_id}});
  if (transport_) view_ = std::move(opening_->request->view);
  const auto changes = std::move(opening_->roster_changes);
  opening_.reset();
  if (!transport_) return quit();
  auto& metrics = loop_.metrics();
  metrics.sessions[static_cast<std::size_t>(session_->kind)].add();
  metrics.sessions_opened.add();
  const auto retry = node_.retry_told();
  transport_->send(net::encode_connected(transport_->format(), hello, retry));
  metrics.replayed.add(events.size());
  outbox_.insert_replay(events, terms());
  pump();
  clock_.begin(steady_clock::now(), node_.options.heartbeat);
  arm();
  ask_to_save();
  for (auto change : changes) on(change);
}

void connection::tell_retry(std::chrono::milliseconds retry) {
  if (!transport_ || net::is_ws(transport_->format()) || retry.count() <= 0) return;
  transport_->send(net::encode_retry(retry));
}

void connection::go_on(replays::complete join) {
  auto& [answer, events] = join;
  const auto pending = rooms_.answered(answer.request);
  forget_left(events, answer.channels, rooms_);
  if (pending && pending->ref_json) {
    const replayed_events known(events);
    outbox_.drop_known([&](const publication_ptr& live) { return known.contain(live); });
    confirm_subscription(*pending->ref_json, answer, events.size());
  } else {
    stand_behind(events, position_.at());
    for (const auto& lost : answer.lost)
      transport_->send(net::encode_notice(transport_->format(), "gap",
                                          net::to_json(net::gap{lost.reason, lost.room}),
                                          position_.at().str()));
  }
  if (pending) leave_channels(rooms_.leave({pending->unwanted.begin(), pending->unwanted.end()}));
  loop_.metrics().replayed.add(events.size());
  outbox_.insert_replay(events, terms());
  pump();
  ask_to_save();
}

// -- its position -------------------------------------------------------------------------------

void connection::ask_to_save() {
  if (position_.ask()) node_.fanouts[loop_.index()].send(position_changed{session_->id});
}

bool connection::save_position() {
  if (!transport_) return true;
  if (outbox_.anything_dropped()) return false;  // whoever comes back must not pass them unawares
  const auto sent = transport_->sent_bytes();
  const auto arrived = position_.look(sent, transport_->acknowledged_bytes());
  if (arrived == client_position::arrival::unknown) return false;
  clock_.noticed(std::chrono::milliseconds(wall_ms()));
  // A store that ends with this node need not know before the session's end.
  if (node_.clustered) {
    tell_position();
    tell_rooms();
  }
  return arrived == client_position::arrival::all;
}

void connection::tell_position() {
  if (view_) return;  // a dialect's clients bring what they are found again by
  if (const auto at = position_.take_news())
    node_.engine->positions().put(identity_->tenant, identity_->user.str(), *at);
}

void connection::tell_rooms() {
  if (!view_ && !closing_ && rooms_.take_news())
    node_.engine->positions().put_rooms(identity_->tenant, identity_->user.str(), rooms_.names());
}

// -- time ---------------------------------------------------------------------------------------

std::chrono::milliseconds connection::end() const {
  return std::chrono::seconds(identity_->expires_s);
}

void connection::arm() {
  loop_.timers().arm(*this,
                     clock_.next(std::chrono::milliseconds(wall_ms()), steady_clock::now(), end()));
}

void connection::look_at_clock() {
  if (closing_ || !transport_) return;
  const std::chrono::milliseconds wall(wall_ms());
  const auto due = clock_.look(wall, steady_clock::now(), end(), node_.options.heartbeat);
  if (due.expired) return say_goodbye(close_code::token_expired);
  const auto at = position_.at().str();
  if (due.expiring)
    transport_->send(net::encode_notice(transport_->format(), "token_expiring",
                                        net::to_json(net::token_expiring{due.left}), at));
  if (due.heartbeat) {
    outbox_.account(load().queued);
    if (transport_->acknowledged_bytes() >= transport_->sent_bytes()) clock_.noticed(wall);
    transport_->send_heartbeat(at);
  }
  arm();
}

// -- ending -------------------------------------------------------------------------------------

void connection::say_goodbye(const close_session& why) {
  if (closing_ || !alive()) return;
  if (transport_) tell_rooms();  // it is about to leave them
  closing_ = true;
  const auto retry = why.retry.value_or(node_.retry_told());
  auto goodbye = net::make_goodbye(why.code, retry,
                                   transport_ ? position_.at() : node_.here(identity_->tenant));
  if (why.reconnect) goodbye.reconnect = *why.reconnect;
  if (!why.reason.empty()) goodbye.reason = why.reason;
  if (transport_) {
    tell_of_dropped();
    if (why.code != close_code::client_closed)
      transport_->send(net::encode_goodbye(transport_->format(), goodbye));
    transport_->close(why.code);
    node_.fanouts[loop_.index()].send(leave{session_->id, rooms_.channels(), true});
    return;
  }
  if (opening_) std::exchange(opening_, nullptr)->responder->refuse(goodbye);
  quit();
}

void connection::closed(close_code why) {
  auto& metrics = loop_.metrics();
  metrics.sessions_closed[static_cast<std::size_t>(why)].add();
  metrics.session_duration.observe((wall_ms() - session_->opened_ms()) * ms_in_ns);
  log::info("session closed", {{"client_id", session_->id.str()},
                               {"user", identity_->user.str()},
                               {"code", info(why).code},
                               {"delivered", transport_->delivered()}});
  quit();
}

void connection::on_exit() {
  const auto sent = traffic();
  if (transport_) {
    save_position();
    tell_position();
    tell_rooms();
    loop_.metrics().sessions[static_cast<std::size_t>(session_->kind)].sub();
  }
  loop_.timers().cancel(*this);
  if (view_) view_->ended();
  view_.reset();
  transport_.reset();
  // A fault before there was a stream: an answer like 500 would end a browser's EventSource for
  // good.
  if (opening_)
    opening_->responder->refuse(
        net::make_goodbye(close_code::overload, node_.retry_told(), node_.here(identity_->tenant)));
  opening_.reset();
  outbox_ = {};
  node_.sessions.fetch_sub(1, std::memory_order_relaxed);
  if (roster_counts_) node_.roster.send(session_gone{identity_->tenant, identity_->user});
  node_.fanouts[loop_.index()].send(session_ended{session_->id, sent.events, sent.bytes});
}

// -- inspection ---------------------------------------------------------------------------------

connection::sent_so_far connection::traffic() const {
  if (!transport_) return {};
  return {transport_->delivered(), transport_->sent_bytes(), outbox_.held(load().queued).bytes};
}

net::session_info connection::describe() const {
  net::session_info out;
  out.client_id = session_->id.str();
  out.user = identity_->user.str();
  out.tenant = identity_->tenant.str();
  out.node = node_.options.id.str();
  out.transport = net::to_string(session_->kind);
  out.device = session_->device.str();
  out.remote = session_->remote;
  out.rooms = rooms_.names();
  out.opened_ms = session_->opened_ms();
  out.expires_ms = identity_->expires_s * 1000;
  if (transport_) {
    out.delivered = transport_->delivered();
    const auto queued = outbox_.held(load().queued);
    out.queued_events = queued.events;
    out.queued_bytes = queued.bytes;
  }
  out.position = position_.at().str();
  if (view_) out.detail = view_->describe();
  out.bytes_out = traffic().bytes;
  out.last_activity_ms = std::max(clock_.last_noticed().count(), session_->opened_ms());
  out.state = to_string(session_->state.load(std::memory_order_relaxed));
  return out;
}

}  // namespace starling::actors
