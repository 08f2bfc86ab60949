#include "actors/room/user.hpp"

#include <algorithm>
#include <caf/send.hpp>

#include "actors/room/spread.hpp"
#include "actors/runtime/delayed.hpp"

namespace starling::actors {

namespace {
/// How long a newcomer waits for other nodes' sessions under `reject-new`. One NATS round trip is
/// below 1 ms; this leaves room for a busy machine.
constexpr std::chrono::milliseconds settle_time{100};
constexpr std::chrono::milliseconds come_back_later{60'000};

struct settled {};
}  // namespace

}  // namespace starling::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(starling::actors::settled)

namespace starling::actors {

user::user(caf::actor_config& cfg, node_context& node, channel_ptr where, feed_id id, sequence from,
           shard_counts members)
    : pinned_actor(cfg), node_(node), feed_(std::move(where), id, from, std::move(members)) {}

void user::receive(caf::type_erased_tuple& message) {
  if (auto* event = message_cast<inbound>(message)) return spread(node_, feed_, event->what);
  if (auto* who = message_cast<attach_member>(message)) {
    feed_.replay_into(*who->ticket, who->which);
    return feed_.member_joined(who->ticket->shard);
  }
  if (auto* who = message_cast<admit>(message)) return consider(who->ticket);
  if (auto* who = message_cast<detach_member>(message)) return remove(*who);
  if (message_cast<settled>(message)) return settle();
  if (auto* control = message_cast<engine_control>(message)) {
    if (const auto told = decode_user_control(control->payload)) hear(*told);
    return;
  }
  if (auto* gone = message_cast<node_gone>(message)) return forget_node(gone->node);
  if (auto* report = message_cast<members_report>(message)) return rebuild(*report);
  if (auto* anew = message_cast<forget_history>(message)) return feed_.forget_history(anew->from);
}

void user::consider(const ticket_ptr& ticket) {
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
        caf::anon_send(loser.who.connection, close_session{loser.why, std::nullopt, std::nullopt});
      continue;
    }
    const bool rejected = policy.reject_new && loser.why == close_code::session_limit;
    auto why = net::make_goodbye(
        loser.why, rejected ? node_context::jittered(come_back_later) : node_.options.retry,
        node_.here());
    why.reconnect = rejected || why.reconnect;
    caf::anon_send((*newcomer)->connection, refused{(*newcomer)->request, why});
    say({node_.options.id, false, {}, {loser.who.id}});
    caf::anon_send(node_.bridge, turned_away{*newcomer});
    tickets.erase(newcomer);
  }
  for (auto& ticket : tickets) caf::anon_send(node_.bridge, admitted{std::move(ticket)});
}

void user::enforce() {
  if (!waiting_.empty()) return;  // settle() follows
  for (const auto& loser : sessions_.enforce(node_.options.sessions))
    if (loser.who.connection)
      caf::anon_send(loser.who.connection, close_session{loser.why, std::nullopt, std::nullopt});
}

void user::remove(const detach_member& who) {
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

void user::forget_node(const node_id& node) {
  // If it has come back already, it tells of its sessions once more.
  if (sessions_.remove_node(node)) say(introduction(true));
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

void user::rebuild(const members_report& report) {
  for (std::size_t i = 0; i < report.members.size(); ++i) {
    const auto& session = *report.members[i];
    sessions_.add({session.id, session.opened_ns, session.device, {}, report.connections[i]});
  }
  say(introduction(true));
}

void user::on_exit() { caf::anon_send(node_.bridge, feed_died{feed_.id(), address()}); }

}  // namespace starling::actors
