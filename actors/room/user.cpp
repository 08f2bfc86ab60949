#include "actors/room/user.hpp"

#include <algorithm>

#include "actors/runtime/delayed.hpp"
#include "cluster/foreign_messages.hpp"
#include "net/base/jitter.hpp"

namespace starling::actors {

namespace {
/// How long a newcomer waits for other nodes' sessions under `reject-new`. One NATS round trip is
/// below 1 ms; this leaves room for a busy machine.
constexpr std::chrono::milliseconds settle_time{100};
constexpr std::chrono::milliseconds come_back_later{60'000};
/// Sessions of other nodes that may be known beyond those that may stay.
constexpr std::size_t most_untrimmed = 10'000;
}  // namespace

user::user(caf::actor_config& cfg, node_context& node, channel_ptr of, channel_id id, sequence from)
    : user_inbox(cfg), node_(node), of_(std::move(of)), id_(id), history_(from) {}

void user::on(inbound& event) {
  history_.remember(std::move(event.publication), node_.options.ring);
}

void user::on(replay_wanted& wish) { wish.connection.send(history_.answer(wish, id_, of_)); }

void user::on(engine_control& control) {
  if (const auto told = decode_user_control(control.payload))
    hear(*told);
  else
    cluster::refuse(cluster::refusal::malformed, "control of a user", control.payload.size());
}

void user::on(forget_history& anew) { history_.forget(anew.from); }

void user::on(roster_changed& change) {
  for (const auto& each : sessions_.all())
    if (each.connection) each.connection.send(roster_changed(change));
}

void user::on(settled&) { settle(); }

void user::on(admit& request) {
  const auto& session = *request.session;
  sessions_.add({session.id, session.opened_ns, session.device, {}, request.connection});
  const bool settling = waiting_ != nullptr;
  const bool others_known = introduced_ && !settling;
  say(introduction(!introduced_));
  introduced_ = true;
  if (!waiting_) waiting_ = std::make_unique<std::vector<admit>>();
  waiting_->push_back(std::move(request));
  if (!node_.options.sessions.reject_new || !node_.clustered || others_known) return settle();
  if (settling) return;  // with those who wait already
  send_after(home(), settle_time, self(), settled{});
}

void user::settle() {
  std::vector<admit> newcomers;
  if (const auto waiting = std::exchange(waiting_, nullptr)) newcomers = std::move(*waiting);
  const auto policy = node_.options.sessions;
  const auto out = sessions_.enforce(policy);
  for (const auto& loser : out) {
    const auto newcomer = std::find_if(newcomers.begin(), newcomers.end(), [&](const admit& each) {
      return each.session->id == loser.session.id;
    });
    if (newcomer == newcomers.end()) {
      if (loser.session.connection)
        loser.session.connection.send(close_session{loser.why, std::nullopt, std::nullopt});
      continue;
    }
    const bool rejected = policy.reject_new && loser.why == close_code::session_limit;
    auto why = net::make_goodbye(loser.why,
                                 rejected ? half_more_or_less(come_back_later) : node_.retry_told(),
                                 node_.here(of_->tenant));
    why.reconnect = rejected || why.reconnect;
    newcomer->connection.send(refused{opening_request, why});
    say({node_.options.id, false, {}, {loser.session.id}});
    bridge().send(turned_away{newcomer->number});
    newcomers.erase(newcomer);
  }
  for (const auto& each : newcomers) bridge().send(admitted{each.number});
}

void user::enforce() {
  if (waiting_) return;  // settle() follows
  for (const auto& loser : sessions_.enforce(node_.options.sessions))
    if (loser.session.connection)
      loser.session.connection.send(close_session{loser.why, std::nullopt, std::nullopt});
}

void user::on(detach_member& gone) {
  sessions_.remove(gone.session);
  say({node_.options.id, false, {}, {gone.session}});
}

void user::hear(const user_control& told) {
  // While a newcomer waits nobody is sent away, so others could tell of ever more.
  const auto known = sessions_.all().size();
  if (waiting_ && known > node_.options.sessions.max_per_user + most_untrimmed)
    return cluster::refuse(cluster::refusal::overload, "control of a user", told.opened.size());
  for (auto opened : told.opened) {
    opened.node = told.from;
    sessions_.add(std::move(opened));
  }
  for (const auto& closed : told.closed) sessions_.remove(closed);
  if (told.ask) say(introduction(false));
  enforce();
}

void user::on(node_gone& gone) {
  // If it has come back already, it tells of its sessions once more.
  if (sessions_.remove_node(gone.node)) say(introduction(true));
}

user_control user::introduction(bool ask) const {
  user_control out{node_.options.id, ask, {}, {}};
  for (const auto& s : sessions_.all())
    if (s.connection) out.opened.push_back(s);
  return out;
}

void user::say(user_control control) {
  if (!node_.clustered) return;
  const auto all = std::move(control.opened);
  const auto most = max_sessions_told - control.closed.size();
  for (std::size_t at = 0;;) {
    const auto count = std::min(most, all.size() - at);
    const auto from = all.begin() + static_cast<std::ptrdiff_t>(at);
    control.opened.assign(from, from + static_cast<std::ptrdiff_t>(count));
    node_.engine->messages().send_control(*of_, encode(control));
    at += count;
    if (at == all.size()) return;
    control.ask = false;  // once is enough
    control.closed.clear();
  }
}

void user::on(members_report& report) {
  for (std::size_t i = 0; i < report.members.size(); ++i) {
    const auto& session = *report.members[i];
    sessions_.add({session.id, session.opened_ns, session.device, {}, report.connections[i]});
  }
  say(introduction(true));
}

void user::on_exit() { bridge().send(channel_died{id_, id()}); }

}  // namespace starling::actors
