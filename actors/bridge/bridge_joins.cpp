// Joining and leaving: which channels are live, and at which position a session enters them.
#include <algorithm>
#include <tuple>
#include <type_traits>

#include "actors/bridge/bridge.hpp"
#include "actors/room/room.hpp"
#include "actors/room/user.hpp"
#include "actors/room/user_control.hpp"
#include "actors/runtime/spawn.hpp"
#include "net/base/log.hpp"

namespace starling::actors {

void bridge::begin_join(const ticket_ptr& ticket) {
  if (!engine_up_ || epoch_ == 0) return refuse(ticket, "the engine is not ready");
  for (auto& wanted : ticket->channels) {
    auto& e = ensure(wanted.where);
    ++e.reserved;
    wanted.where = e.where;
    wanted.feed = e.id;
  }
  ticket->fence = fence_sent_ + 1;
  waiting_.push_back(ticket);
  if (needs_fence(*ticket)) return want_fence();
  release_waiting();
}

bool bridge::needs_fence(const join_ticket& ticket) const {
  // A cursor from another node may be ahead of what this one has heard of: only after a fence is
  // it certain that events up to it do not arrive once more as live ones.
  if (ticket.resume && ticket.resume->epoch == epoch_ && ticket.resume->seq > position_ &&
      fence_seen_ < ticket.fence)
    return true;
  return std::any_of(ticket.channels.begin(), ticket.channels.end(),
                     [&](const wanted_channel& w) { return !channels_.at(w.feed).live; });
}

void bridge::release_waiting() {
  if (repair_ || catch_up_) return;  // rings have open holes: nobody resumes from them
  for (auto& ticket : std::exchange(waiting_, {})) {
    if (needs_fence(*ticket))
      waiting_.push_back(std::move(ticket));
    else if (ticket->opening) {
      admitting_.insert(ticket);
      user_of(channels_.at(ticket->channels.front().feed)).send(admit{ticket});
    } else {
      attach_all(ticket);
    }
  }
}

void bridge::attach_all(const ticket_ptr& ticket) {
  ticket->position = {epoch_, position_};
  ticket->resumed = ticket->resume && ticket->lost.empty();
  if (ticket->resume && (ticket->resume->epoch != epoch_ || ticket->resume->seq > position_)) {
    // Another life of the store, or one that has lost its tail.
    ticket->lose("*", "epoch");
    ticket->resume = cursor{epoch_, 0};
  }
  add_late(*ticket);
  for (std::size_t i = 0; i < ticket->channels.size(); ++i) {
    auto& e = channels_.at(ticket->channels[i].feed);
    if (!ticket->channels[i].again) {
      --e.reserved;
      e.members.add(ticket->shard);
    }
    e.feed.send(attach_member{ticket, i});
  }
  self().send(attached{ticket});
}

void bridge::add_late(join_ticket& ticket) const {
  if (!ticket.resume) return;
  for (const auto& late : late_) {
    const auto seq = late.what->seq();
    if (ticket.resume->seq < seq || ticket.resume->seq >= late.seen_from) continue;
    for (const auto& wanted : ticket.channels)
      if (*wanted.where == late.what->what().where && wanted.since < seq)
        ticket.replay.push_back(late.what);
  }
}

void bridge::finish_attach(const ticket_ptr& ticket) {
  for (const auto& wanted : ticket->channels)
    if (wanted.again) let_go(channels_.at(wanted.feed));
  if (ticket->missing.empty()) {
    finish_replay(ticket);
    node_.fanouts[ticket->shard].send(joined{ticket});
    return;
  }
  node_.fanouts[ticket->shard].send(joined{ticket});
  ticket->reads_under_way = ticket->missing.size();
  for (std::size_t i = 0; i < ticket->missing.size(); ++i) read_for_replay(ticket, i);
}

void bridge::read_for_replay(const ticket_ptr& ticket, std::size_t which) {
  const auto& part = ticket->missing[which];
  // One more than history keeps: the surplus tells that something is lost.
  const auto limit = node_.options.history.max_events_per_channel + 1 - part.found.size();
  const auto after = part.found.empty() ? part.after : part.found.back()->seq();
  node_.engine->history(cluster::partition_id{0})
      .read(*part.where, after, part.through, limit,
            [me = self(), ticket, which](result<cluster::log_page> page) {
              me.send(replay_read{ticket, which, std::move(page)});
            });
}

void bridge::take_replay(replay_read& answer) {
  auto& ticket = *answer.ticket;
  auto& part = ticket.missing[answer.which];
  if (!answer.page) {
    log::warn("replay failed", {{"client_id", ticket.session->id.str()},
                                {"channel", part.where->name},
                                {"why", answer.page.error().message}});
    ticket.connection.send(close_session{close_code::overload, std::nullopt, std::nullopt});
    return;
  }
  auto& page = *answer.page;
  for (auto& stored : page.events) {
    const cursor at{epoch_, stored.seq};
    part.found.push_back(std::make_shared<publication>(std::move(stored.what), at, stored.seq));
  }
  const auto keep = node_.options.history.max_events_per_channel;
  const bool cut = part.found.size() > keep;
  if (page.more && !page.events.empty() && !cut)
    return read_for_replay(answer.ticket, answer.which);
  if ((cut || page.dropped) && ticket.resume->seq != 0)
    ticket.lose(name_of_loss(*part.where), "expired");
  const auto surplus = cut ? part.found.size() - keep : 0;
  ticket.replay.insert(ticket.replay.end(),
                       part.found.begin() + static_cast<std::ptrdiff_t>(surplus), part.found.end());
  part.found.clear();
  if (--ticket.reads_under_way > 0) return;
  finish_replay(answer.ticket);
  ticket.connection.send(replay_ready{answer.ticket});
}

void bridge::finish_replay(const ticket_ptr& ticket) {
  auto& replay = ticket->replay;
  // The order in which they were handed out: by id, and at the same id late events came later.
  const auto order = [](const publication_ptr& p) {
    return std::tuple(p->at().seq, p->seq() < p->at().seq, p->seq());
  };
  std::sort(replay.begin(), replay.end(),
            [&](const auto& a, const auto& b) { return order(a) < order(b); });
  // The connection takes an event's position for its place in the replay.
  for (auto& p : replay)
    if (p->seq() < p->at().seq)
      p = std::make_shared<publication>(event(p->what()), p->at(),
                                        std::max(p->at().seq, ticket->resume->seq + 1));
}

void bridge::let_go(entry& e) {
  --e.reserved;
  retire_if_unused(e);
}

void bridge::remove_member(const left& who) {
  for (const auto feed : who.feeds) {
    auto* e = channels_.find(feed);
    if (!e) continue;
    e->members.remove(who.shard);
    e->feed.send(detach_member{who.session, who.shard, who.ended});
    retire_if_unused(*e);
  }
}

bridge::entry& bridge::ensure(const channel_ptr& where) {
  if (auto* known = channels_.find(*where)) return *known;
  auto& e = channels_.add(where);
  if (where->kind == channel_kind::room) node_.rooms = ++rooms_;
  if (where->kind == channel_kind::user) node_.users = ++users_;
  node_.engine->messages().follow(where);
  behind_next_fence_.push_back(e.id);
  return e;
}

void bridge::spawn_feed(entry& e) {
  const auto begin = [&]<class Inbox, class Actor>(std::type_identity<Inbox>,
                                                   std::type_identity<Actor>) {
    return narrow<channel_inbox>(spawn<Inbox, Actor>(home_system(), home(), std::ref(node_),
                                                     e.where, e.id, e.through, e.members));
  };
  e.feed = e.where->kind == channel_kind::user
               ? begin(std::type_identity<user_inbox>{}, std::type_identity<user>{})
               : begin(std::type_identity<room_inbox>{}, std::type_identity<room>{});
}

void bridge::rebuild(const feed_died& dead) {
  auto* const found = channels_.find(dead.feed);
  if (!found) return;  // stopped by us
  auto& e = *found;
  if (dead.who != caf::invalid_actor_id && e.feed.id() != dead.who) return;  // replaced already
  log::warn("channel rebuilt after a fault",
            {{"kind", to_string(e.where->kind)}, {"name", e.where->name}});
  refuse_admitting(dead.feed);
  if (!channels_.find(dead.feed)) return;  // there was nobody else
  spawn_feed(e);
  for (const auto& shard : node_.fanouts) shard.send(recount{e.id, e.feed});
  tell_of_loss(*e.where, "fault");  // what was on its way to the dead one
}

void bridge::refuse_admitting(feed_id user) {
  std::vector<ticket_ptr> forgotten;
  for (const auto& ticket : admitting_)
    if (ticket->channels.front().feed == user) forgotten.push_back(ticket);
  for (const auto& ticket : forgotten) {
    admitting_.erase(ticket);
    // The dead one may have told the other nodes of it; its successor does not know of it.
    if (node_.clustered)
      node_.engine->messages().send_control(
          *ticket->channels.front().where,
          encode(user_control{node_.options.id, false, {}, {ticket->session->id}}));
    refuse(ticket, "the supervisor of the user's sessions had a fault");
  }
}

void bridge::retire_if_unused(entry& e) {
  if (!e.members.empty() || e.reserved > 0) return;
  node_.engine->messages().unfollow(*e.where);
  if (e.where->kind == channel_kind::room) node_.rooms = --rooms_;
  if (e.where->kind == channel_kind::user) node_.users = --users_;
  const auto feed = e.feed;
  channels_.remove(e);
  if (feed) feed.stop();
}

void bridge::refuse_waiting(const std::string& reason) {
  for (const auto& ticket : std::exchange(waiting_, {})) refuse(ticket, reason);
}

void bridge::refuse(const ticket_ptr& ticket, std::string reason) {
  for (const auto& wanted : ticket->channels) {
    if (wanted.feed == 0) continue;
    let_go(channels_.at(wanted.feed));
  }
  auto why = net::make_goodbye(close_code::overload, node_context::jittered(node_.options.retry),
                               node_.here());
  why.reason = std::move(reason);
  ticket->connection.send(refused{ticket->request, std::move(why)});
}

}  // namespace starling::actors
