#include "actors/session/connection.hpp"

#include <algorithm>

#include "actors/base/access.hpp"
#include "net/base/log.hpp"
#include "net/io/io_loop.hpp"
#include "net/wire/codec.hpp"
#include "net/wire/encoders.hpp"

namespace starling::actors {

namespace {

constexpr std::chrono::seconds expiry_notice{60};

shard_metrics& metrics_of(net::io_loop& loop) { return loop.metrics(); }

/// When the session's right to be here ends. A token that was accepted within the leeway after its
/// `exp` gets that leeway.
std::chrono::milliseconds ends(const net::identity& who, const session_record& session) {
  const std::chrono::milliseconds at = std::chrono::seconds(who.expires_s);
  return at.count() > session.opened_ms() ? at : at + expiry_notice;
}

}  // namespace

connection::connection(caf::actor_config& cfg, node_context& node, net::io_loop& loop,
                       session_ptr session, std::unique_ptr<net::stream_request> request,
                       std::unique_ptr<net::stream_responder> responder)
    : connection_inbox(cfg),
      node_(node),
      loop_(loop),
      session_(std::move(session)),
      who_(session_->who),
      opening_(new opening{std::move(request), std::move(responder), {}}) {}

connection::~connection() = default;

void connection::start() {
  node_.sessions.fetch_add(1, std::memory_order_relaxed);
  node_.fanouts[loop_.index()].send(session_started{session_, self()});
  const auto& request = *opening_->request;
  if (request.since_last && !request.last_event_id) {
    ask_for_former_rooms();
    node_.engine->positions().get(
        who_->tenant, who_->user.str(),
        [me = self()](result<std::optional<cursor>> at) { me.send(last_position{std::move(at)}); });
    return;
  }
  if (!request.last_event_id) return ask_to_join(std::nullopt, {});
  const auto at = parse_cursor(*request.last_event_id);
  if (!at) return ask_to_join(std::nullopt, {net::lost_room{"*", "bad_cursor"}});
  if (!request.view) ask_for_former_rooms();  // else nobody remembers any
  ask_to_join(at->at, {});
}

void connection::ask_for_former_rooms() {
  opening_->former_rooms_awaited = true;
  node_.engine->positions().rooms(who_->tenant, who_->user.str(),
                                  [me = self()](result<std::vector<std::string>> rooms) {
                                    me.send(former_rooms{std::move(rooms)});
                                  });
}

void connection::ask_to_join(std::optional<cursor> resume, std::vector<net::lost_room> lost,
                             bool own_history) {
  join request;
  request.connection = self();
  request.shard = loop_.index();
  request.session = session_;
  request.request = opening_request;
  request.resume = resume;
  request.lost = std::move(lost);
  const auto& tenant = who_->tenant;
  request.channels.push_back({std::make_shared<channel>(user_channel(tenant, who_->user.str())), 0,
                              false, false, own_history});
  request.channels.push_back({std::make_shared<channel>(tenant_channel(tenant))});
  for (auto& name : rooms_to_join(*who_, opening_->request->rooms))
    request.channels.push_back({std::make_shared<channel>(room_channel(tenant, name))});
  hold_events();
  joins_unanswered_ = 1;
  node_.roster.send(std::move(request));
}

void connection::on(refused& no) {
  if (opening_) {
    opening_->responder->refuse(no.why);
    return quit();
  }
  --joins_unanswered_;
  const auto pending = take_pending_join(no.request);
  if (pending && pending->ref_json)
    acknowledge(*pending->ref_json, error{errc::unavailable, no.why.reason});
  else if (pending && pending->unwanted.empty())  // a member that hears nothing must come back
    return say_goodbye({close_code::overload, std::nullopt, std::nullopt});
  pump();
}

void connection::on(denied& no) {
  opening_->responder->fail(no.why);
  quit();
}

void connection::on(last_position& known) {
  // Whoever was never here gets what was said to them.
  if (known.at) return ask_to_join(*known.at, {}, !*known.at);
  say_goodbye({close_code::overload, std::nullopt, std::nullopt});
}

void connection::on(former_rooms& known) {
  if (!opening_) return;
  opening_->former_rooms_awaited = false;
  if (known.rooms)
    opening_->former_rooms = std::move(*known.rooms);
  else  // where events are to be had they are worth more than a list of rooms
    log::warn("former rooms are not known",
              {{"client_id", session_->id.str()}, {"why", known.rooms.error().message}});
  if (!opening_->answered) return;
  auto [answer, events] = std::move(*opening_->answered);
  begin(answer, std::move(events));
}

void connection::add_forbidden(joined& answer, const std::vector<std::string>& former) {
  for (const auto& room : former) {
    if (in_room(room) || net::may_join(*who_, room)) continue;
    add_loss(answer.lost, room, "forbidden");
    answer.resumed = false;
  }
}

// -- beginning ----------------------------------------------------------------------------------

replay& connection::replay_of(std::uint64_t request) {
  if (!replays_) replays_ = std::make_unique<std::vector<replay>>();
  for (auto& each : *replays_)
    if (each.request() == request) return each;
  return replays_->emplace_back(request, node_.options.history.max_events_per_channel);
}

void connection::on_joined(joined&& answer) {
  guarded("joined", [&] {
    if (answer.parts.empty()) {
      replay nothing(answer.request, 0);
      nothing.begin(std::move(answer));
      auto late = nothing.take();
      return begin(nothing.answer(), std::move(late));
    }
    hold_events();  // live events wait for those before them
    const auto request = answer.request;
    replay_of(request).begin(std::move(answer));
    finish_if_complete(request);
  });
}

void connection::on(replay_part& part) {
  const auto request = part.request;
  read_store(request, replay_of(request).add(std::move(part)));
  finish_if_complete(request);
}

void connection::on(history_read& answer) {
  if (!answer.page) {
    log::warn("replay failed",
              {{"client_id", session_->id.str()}, {"why", answer.page.error().message}});
    return say_goodbye({close_code::overload, std::nullopt, std::nullopt});
  }
  const auto epoch = node_.here(who_->tenant).epoch;
  read_store(answer.request,
             replay_of(answer.request).add(answer.id, std::move(*answer.page), epoch));
  finish_if_complete(answer.request);
}

void connection::actor_rebuilt(channel_id id) {
  guarded("actor_rebuilt", [&] {
    if (!replays_) return;
    for (auto& each : *replays_) read_store(each.request(), each.actor_rebuilt(id));
  });
}

void connection::read_store(std::uint64_t request, const std::optional<replay::store_read>& part) {
  if (!part) return;
  node_.engine->history_of(who_->tenant)
      .read(*part->of, part->after, part->through, part->limit,
            [me = self(), request, id = part->id](result<cluster::log_page> page) {
              me.send(history_read{request, id, std::move(page)});
            });
}

void connection::finish_if_complete(std::uint64_t request) {
  auto& parts = replay_of(request);
  if (!parts.complete()) return;
  auto events = parts.take();
  auto answer = std::move(parts.answer());
  std::erase_if(*replays_, [&](const replay& each) { return each.request() == request; });
  if (replays_->empty()) replays_.reset();
  begin(answer, std::move(events));
}

void connection::hold_events() {
  if (!waiting_) waiting_ = std::make_unique<backlog>();
  waiting_->limit = std::max(waiting_->limit, 10 * node_.options.outbox.session.events);
}

void connection::begin(joined& answer, std::vector<publication_ptr> events) {
  if (opening_ && opening_->former_rooms_awaited) {
    opening_->answered.emplace(std::move(answer), std::move(events));
    return;
  }
  --joins_unanswered_;
  if (!alive() || closing_) return;
  if (!answer.opening) return continue_with(answer, std::move(events));

  add_forbidden(answer, opening_->former_rooms);
  // The id of `connected` must not run ahead of the replay that follows it.
  cursor_ = answer.position;
  if (!events.empty()) cursor_.seq = events.front()->seq() - 1;
  net::connected hello;
  hello.client_id = session_->id;
  hello.user = who_->user.str();
  hello.tenant = who_->tenant.str();
  hello.node = node_.options.id.str();
  hello.rooms = rooms();
  got_ = mark_.at = cursor_;
  hello.position = cursor_;
  hello.resumed = answer.resumed;
  hello.replayed = events.size();
  hello.lost = answer.lost;
  hello.heartbeat = node_.options.heartbeat;
  hello.server_time_ms = wall_ms();

  transport_ = opening_->responder->accept(hello, *this);
  if (transport_) view_ = std::move(opening_->request->view);
  const auto changes = std::move(opening_->roster_changes);
  opening_.reset();
  if (!transport_) return quit();
  auto& metrics = metrics_of(loop_);
  metrics.sessions[static_cast<std::size_t>(session_->kind)].add();
  metrics.sessions_opened.add();
  const auto retry = node_context::jittered(node_.options.retry);
  transport_->send(net::encode_connected(transport_->format(), hello, retry));
  metrics.replayed.add(events.size());
  queue_replay(events);
  next_heartbeat_ = steady_clock::now() + node_.options.heartbeat;
  arm();
  ask_to_save();
  for (auto change : changes) on(change);
}

void connection::tell_retry(std::chrono::milliseconds retry) {
  if (!transport_ || net::is_ws(transport_->format()) || retry.count() <= 0) return;
  transport_->send(net::encode_retry(retry));
}

void connection::continue_with(joined& answer, std::vector<publication_ptr> events) {
  const auto pending = take_pending_join(answer.request);
  fit_in(answer, events, pending && pending->ref_json);
  if (pending && pending->ref_json) confirm_subscription(*pending->ref_json, answer, events.size());
  if (pending) leave_rooms(pending->unwanted);
  metrics_of(loop_).replayed.add(events.size());
  hold_events();
  queue_replay(events);
  ask_to_save();
}

// -- ending -------------------------------------------------------------------------------------

void connection::say_goodbye(const close_session& why) {
  if (closing_ || !alive()) return;
  closing_ = true;
  auto retry = why.retry.value_or(node_context::jittered(node_.options.retry));
  auto goodbye =
      net::make_goodbye(why.code, retry, transport_ ? cursor_ : node_.here(who_->tenant));
  if (why.reconnect) goodbye.reconnect = *why.reconnect;
  if (!why.reason.empty()) goodbye.reason = why.reason;
  if (transport_) {
    tell_of_dropped();
    transport_->send(net::encode_goodbye(transport_->format(), goodbye));
    transport_->close(why.code);
    return;
  }
  if (opening_) opening_->responder->refuse(goodbye);
  quit();
}

void connection::closed(close_code why) {
  auto& metrics = metrics_of(loop_);
  metrics.sessions_closed[static_cast<std::size_t>(why)].add();
  metrics.session_duration.observe((wall_ms() - session_->opened_ms()) * ms_in_ns);
  log::info("session closed", {{"client_id", session_->id.str()},
                               {"user", who_->user.str()},
                               {"code", info(why).code},
                               {"delivered", transport_->delivered()}});
  quit();
}

void connection::ask_to_save() {
  if (std::exchange(save_asked_, true)) return;
  node_.fanouts[loop_.index()].send(position_changed{session_->id});
}

bool connection::save_position() {
  save_asked_ = !save_what_arrived();
  return !save_asked_;
}

bool connection::save_what_arrived() {
  if (!transport_) return true;
  if (dropped_ > 0) return false;  // whoever comes back here must not pass them unawares
  const auto sent = transport_->sent_bytes();
  const auto got = transport_->acknowledged_bytes();
  const bool all = got >= sent;
  if (!all && got < mark_.bytes) return false;
  note_activity();
  const auto at = all ? cursor_ : mark_.at;
  mark_ = {cursor_, sent};
  got_told_ = got_told_ && got_ == at;
  got_ = at;
  // A store that ends with this node need not know before the session's end.
  if (node_.clustered) {
    tell_position();
    tell_rooms();
  }
  return all;
}

void connection::tell_position() {
  // A dialect's sessions are found again by what their clients bring, not by their user.
  if (view_ || std::exchange(got_told_, true)) return;
  node_.engine->positions().put(who_->tenant, who_->user.str(), got_);
}

void connection::tell_rooms() {
  if (view_ || std::exchange(rooms_told_, true)) return;
  node_.engine->positions().put_rooms(who_->tenant, who_->user.str(), rooms());
}

void connection::on_exit() {
  const auto sent = traffic();
  if (transport_) {
    save_position();
    tell_position();
    tell_rooms();
    metrics_of(loop_).sessions[static_cast<std::size_t>(session_->kind)].sub();
  }
  loop_.timers().cancel(*this);
  if (view_) view_->ended();
  view_.reset();
  transport_.reset();
  opening_.reset();
  waiting_.reset();
  held_up_.reset();
  node_.sessions.fetch_sub(1, std::memory_order_relaxed);
  node_.fanouts[loop_.index()].send(session_ended{session_->id, sent.events, sent.bytes});
}

// -- time ---------------------------------------------------------------------------------------

void connection::arm() {
  const auto left = ends(*who_, *session_) - std::chrono::milliseconds(wall_ms());
  const auto until_expiry = expiry_announced_ ? left : left - expiry_notice;
  const auto now = steady_clock::now();
  loop_.timers().arm(
      *this, std::min(next_heartbeat_, now + std::max(until_expiry, decltype(left)::zero())));
}

void connection::look_at_clock() {
  if (closing_ || !transport_) return;
  const auto now = steady_clock::now();
  const auto left = ends(*who_, *session_) - std::chrono::milliseconds(wall_ms());
  if (left <= decltype(left)::zero())
    return say_goodbye({close_code::token_expired, std::nullopt, std::nullopt});
  if (!expiry_announced_ && left <= expiry_notice) {
    expiry_announced_ = true;
    transport_->send(net::encode_notice(transport_->format(), "token_expiring",
                                        "{\"expires_in_ms\":" + std::to_string(left.count()) + "}",
                                        cursor_.str()));
  }
  if (now >= next_heartbeat_) {
    if (held_up_) held_up_->hold(in_outbox());
    if (transport_->acknowledged_bytes() >= transport_->sent_bytes()) note_activity();
    transport_->send_heartbeat(cursor_.str());
    next_heartbeat_ = now + node_.options.heartbeat;
  }
  arm();
}

// -- inspection ---------------------------------------------------------------------------------

connection::sent_so_far connection::traffic() const {
  if (!transport_) return {};
  return {transport_->delivered(), transport_->sent_bytes(), in_outbox().bytes};
}

net::session_info connection::describe() const {
  net::session_info out;
  out.client_id = session_->id.str();
  out.user = who_->user.str();
  out.tenant = who_->tenant.str();
  out.node = node_.options.id.str();
  out.transport = net::to_string(session_->kind);
  out.device = session_->device.str();
  out.remote = session_->remote;
  out.rooms = rooms();
  out.opened_ms = session_->opened_ms();
  out.expires_ms = who_->expires_s * 1000;
  if (transport_) {
    out.delivered = transport_->delivered();
    const auto queued = in_outbox();
    out.queued_events = queued.events;
    out.queued_bytes = queued.bytes;
  }
  out.position = cursor_.str();
  if (view_) out.detail = view_->describe();
  out.bytes_out = traffic().bytes;
  out.last_activity_ms = std::max(last_activity_ms_, session_->opened_ms());
  out.state = to_string(session_->state.load(std::memory_order_relaxed));
  return out;
}

}  // namespace starling::actors
