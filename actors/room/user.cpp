#include "actors/room/user.hpp"

#include <algorithm>

#include "actors/room/spread.hpp"
#include "actors/runtime/delayed.hpp"

namespace starling::actors {

namespace {
/// How long a newcomer waits for other nodes' sessions under `reject-new`. One NATS round trip is
/// below 1 ms; this leaves room for a busy machine.
constexpr std::chrono::milliseconds settle_time{100};
constexpr std::chrono::milliseconds come_back_later{60'000};
}  // namespace

user::user(caf::actor_config& cfg, node_context& node, channel_ptr where, feed_id id, sequence from,
           shard_counts members)
    : user_inbox(cfg), node_(node), feed_(std::move(where), id, from, std::move(members)) {}

void user::on(inbound& event) { spread(node_, feed_, event.what); }

void user::on(attach_member& request) {
  feed_.replay_into(*request.ticket, request.which);
  feed_.member_joined(request.ticket->shard);
}

void user::on(engine_control& control) {
  if (const auto told = decode_user_control(control.payload)) hear(*told);
}

void user::on(forget_history& anew) { feed_.forget_history(anew.from); }

void user::on(settled&) { settle(); }

void user::on(admit& request) {
  const auto& ticket = request.ticket;
  const auto& session = *ticket->session;
  sessions_.add({session.id, session.opened_ns, session.device, {}, ticket->connection});
  const bool settling = !waiting_.empty();
  const bool others_known = introduced_ && !settling;
  say(introduction(!introduced_));
  introduced_ = true;
  waiting_.push_back(ticket);
  if (!node_.options.sessions.reject_new || !node_.clustered || others_known) return settle();
  if (settling) return;  // with those who wait already
  send_after(home(), settle_time, self(), settled{});
}

void user::settle() {
  auto tickets = std::move(waiting_);
  waiting_.clear();
  const auto policy = node_.options.sessions;
  const auto out = sessions_.enforce(policy);
  for (const auto& loser : out) {
    const auto newcomer = std::find_if(tickets.begin(), tickets.end(), [&](const ticket_ptr& t) {
      return t->session->id == loser.who.id;
    });
    if (newcomer == tickets.end()) {
      if (loser.who.connection)
        loser.who.connection.send(close_session{loser.why, std::nullopt, std::nullopt});
      continue;
    }
    const bool rejected = policy.reject_new && loser.why == close_code::session_limit;
    auto why = net::make_goodbye(
        loser.why, rejected ? node_context::jittered(come_back_later) : node_.options.retry,
        node_.here());
    why.reconnect = rejected || why.reconnect;
    (*newcomer)->connection.send(refused{(*newcomer)->request, why});
    say({node_.options.id, false, {}, {loser.who.id}});
    node_.bridge.send(turned_away{*newcomer});
    tickets.erase(newcomer);
  }
  for (auto& ticket : tickets) node_.bridge.send(admitted{std::move(ticket)});
}

void user::enforce() {
  if (!waiting_.empty()) return;  // settle() follows
  for (const auto& loser : sessions_.enforce(node_.options.sessions))
    if (loser.who.connection)
      loser.who.connection.send(close_session{loser.why, std::nullopt, std::nullopt});
}

void user::on(detach_member& who) {
  feed_.member_left(who.shard);
  if (!who.ended) return;
  sessions_.remove(who.session->id);
  say({node_.options.id, false, {}, {who.session->id}});
}

void user::hear(const user_control& told) {
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
  for (const auto& s : sessions_.seats())
    if (s.connection) out.opened.push_back(s);
  return out;
}

void user::say(const user_control& what) {
  if (!node_.clustered) return;
  node_.engine->messages().send_control(feed_.where(), encode(what));
}

void user::on(members_report& report) {
  for (std::size_t i = 0; i < report.members.size(); ++i) {
    const auto& session = *report.members[i];
    sessions_.add({session.id, session.opened_ns, session.device, {}, report.connections[i]});
  }
  say(introduction(true));
}

void user::on_exit() { node_.bridge.send(feed_died{feed_.id(), id()}); }

}  // namespace starling::actors
