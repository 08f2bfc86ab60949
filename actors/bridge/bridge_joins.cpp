// Joining and leaving: which channels are live, and at which position a session enters them.
#include <algorithm>

#include "actors/bridge/bridge.hpp"
#include "actors/room/room.hpp"
#include "actors/room/user.hpp"
#include "actors/room/user_control.hpp"
#include "actors/runtime/spawn.hpp"
#include "net/base/log.hpp"

namespace starling::actors {

// -- joining ------------------------------------------------------------------------------------

void bridge::on(join& request) {
  opening_.add(request);
  chores_.add(chore::reserve{{std::move(request)}});
  work();
}

void bridge::on(chores_due&) {
  chores_announced_ = false;
  work();
}

/// A bite now, unless events have their turn before the next one.
void bridge::work() {
  if (chores_announced_) return;
  const auto bite = [this](chore& now, std::size_t most) { return advance(now, most); };
  if (!chores_.work(bite) || chores_.empty()) return;
  chores_announced_ = true;
  self().send(chores_due{});
}

bool bridge::advance(chore& now, std::size_t most) {
  if (auto* const leaving = std::get_if<chore::leave>(&now.step)) {
    const auto& which = leaving->gone.channels;
    for (const auto end = std::min(now.done + most, which.size()); now.done < end; ++now.done)
      leave_channel(leaving->gone, which[now.done]);
    return now.done == which.size();
  }
  if (auto* const coming = std::get_if<chore::reserve>(&now.step)) {
    auto& pending = coming->joining;
    auto& wanted = pending.request.channels;
    if (!order_.open()) {
      refuse(std::move(pending), "the engine is not ready");
      return true;
    }
    for (const auto end = std::min(now.done + most, wanted.size()); now.done < end; ++now.done) {
      auto& entry = ensure(wanted[now.done].channel);
      ++entry.reserved;
      wanted[now.done].channel = entry.channel;
      pending.channels.push_back(entry.id);
    }
    if (now.done < wanted.size()) return false;
    reserved(std::move(pending));
    return true;
  }
  auto& pending = std::get<chore::enter>(now.step).joining;
  const auto& ids = pending.channels;
  for (const auto end = std::min(now.done + most, ids.size()); now.done < end; ++now.done)
    if (auto& entry = channels_.at(ids[now.done]); !actors_.any(entry)) start_actor(entry);
  if (now.done < ids.size()) return false;
  entered(std::move(pending));
  return true;
}

/// Its channels are there, though perhaps not live.
void bridge::reserved(pending_join&& pending) {
  pending.fence = order_.next_fence();
  const bool fence = order_.needs_fence(pending.fence, pending.request.resume, pending.channels);
  waiting_.push_back(std::move(pending));
  if (fence) return order_.want_fence();
  release_waiting();
}

void bridge::release_waiting() {
  for (auto& pending : std::exchange(waiting_, {})) {
    if (order_.may_join(pending.fence, pending.request.resume, pending.channels))
      chores_.add(chore::enter{std::move(pending)});
    else
      waiting_.push_back(std::move(pending));
  }
  work();
}

/// Its channels are live and have actors.
void bridge::entered(pending_join&& pending) {
  if (!order_.open()) return refuse(std::move(pending), "the engine is not ready");
  if (!order_.may_join(pending.fence, pending.request.resume, pending.channels)) {
    waiting_.push_back(std::move(pending));  // a hole has opened meanwhile
  } else if (pending.request.opening) {
    const auto& entry = channels_.at(pending.channels.front());
    const auto number = ++joins_;
    actors_.user(entry).send(admit{number, pending.request.session, pending.request.connection});
    admitting_.emplace(number, std::move(pending));
  } else {
    enter(std::move(pending));
  }
}

void bridge::on(admitted& answer) {
  const auto found = admitting_.find(answer.number);
  if (found == admitting_.end()) return;
  auto pending = std::move(found->second);
  admitting_.erase(found);
  enter(std::move(pending));
}

void bridge::on(turned_away& answer) {
  const auto found = admitting_.find(answer.number);
  if (found == admitting_.end()) return;
  opening_.remove(found->second.request);
  for (const auto id : found->second.channels) release(id);
  admitting_.erase(found);
}

void bridge::enter(pending_join&& pending) {
  auto& request = pending.request;
  opening_.remove(request);
  joined out{request.session,   request.opening, request.request, {},
             order_.position(), request.resume,  false,           std::move(request.lost)};
  out.resumed = out.resume && out.lost.empty();
  if (out.resume &&
      (out.resume->epoch != out.position.epoch || out.resume->seq > out.position.seq)) {
    // Another life of the store, or one that has lost its tail.
    add_loss(out.lost, "*", "epoch");
    out.resumed = false;
    out.resume = cursor{out.position.epoch, 0};
  } else if (!out.resume && !out.lost.empty()) {
    // A cursor that cannot be read.
    out.resume = cursor{out.position.epoch, 0};
  }
  // With a cursor of another life, or none, everything is lost already, and said once.
  out.gap_is_loss = out.resume && out.resume->seq != 0;
  out.channels.reserve(pending.channels.size());
  for (std::size_t i = 0; i < pending.channels.size(); ++i) {
    auto& entry = channels_.at(pending.channels[i]);
    const auto& wanted = request.channels[i];
    if (!wanted.again) {
      entry.members.add(request.shard);
      if (entry.channel->kind == channel_kind::room)
        actors_.room(entry).send(attach_member{request.session});
    }
    out.channels.push_back(
        {entry.id, entry.channel, wanted.since, wanted.from_roster, wanted.again});
    auto after = out.position.seq;
    if (out.resume)
      after = std::max(out.resume->seq, wanted.since);
    else if (wanted.from_start)
      after = 0;
    // Most rooms are quiet: there is nothing to ask for.
    if (after < std::min(out.position.seq, entry.delivered)) {
      actors_.any(entry).send(
          replay_wanted{request.connection, request.request, after, out.position, out.gap_is_loss});
      out.parts.push_back({entry.id, after});
    }
    if (out.resume)
      for (auto& late : order_.late_for(*entry.channel, wanted.since, *out.resume))
        out.late.push_back(std::move(late));
  }
  for (const auto id : pending.channels) --channels_.at(id).reserved;
  node_.fanouts[request.shard].send(std::move(out));
  for (std::size_t i = 0; i < pending.channels.size(); ++i)
    if (request.channels[i].again) retire_if_unused(channels_.at(pending.channels[i]));
}

void bridge::refuse(pending_join&& pending, std::string reason) {
  opening_.remove(pending.request);
  for (const auto id : pending.channels) release(id);
  auto why = net::make_goodbye(close_code::overload, node_.retry_told(), order_.position());
  why.reason = std::move(reason);
  pending.request.connection.send(refused{pending.request.request, std::move(why)});
}

void bridge::waiting_refused(const std::string& reason) {
  for (auto& pending : std::exchange(waiting_, {})) refuse(std::move(pending), reason);
}

// -- leaving ------------------------------------------------------------------------------------

void bridge::on(left& gone) {
  chores_.add(chore::leave{std::move(gone)});
  work();
}

void bridge::leave_channel(const left& gone, channel_id which) {
  auto* const entry = channels_.find(which);
  if (!entry) return;
  entry->members.remove(gone.shard);
  const auto kind = entry->channel->kind;
  if (kind == channel_kind::room || (kind == channel_kind::user && gone.ended))
    actors_.any(*entry).send(detach_member{gone.session->id});
  retire_if_unused(*entry);
}

// -- what sessions have to know -----------------------------------------------------------------

void bridge::on(roster_changed& change) {
  const auto of = user_channel(change.tenant, change.user.str());
  // Of sessions that are still to be admitted only the bridge knows.
  opening_.for_each_of(of, [&](const auto& each) { each.send(roster_changed(change)); });
  if (const auto* const entry = channels_.find(of)) actors_.user(*entry).send(std::move(change));
}

void bridge::on(node_gone& gone) {
  channels_.for_each([&](const live_channel& each) {
    if (each.channel->kind == channel_kind::user) actors_.user(each).send(node_gone(gone));
  });
}

// -- channels -----------------------------------------------------------------------------------

live_channel& bridge::ensure(const channel_ptr& wanted) {
  if (auto* const known = channels_.find(*wanted)) return *known;
  auto& entry = channels_.add(wanted);
  if (wanted->kind == channel_kind::room) ++node_.rooms;
  if (wanted->kind == channel_kind::user) ++node_.users;
  node_.engine->messages().follow(wanted);
  order_.follow(entry);
  return entry;
}

void bridge::start_actor(live_channel& of) {
  auto* const home = node_.home_of(*of.channel);
  if (of.channel->kind == channel_kind::user)
    actors_.set(of, narrow<channel_inbox>(spawn<user_inbox, user>(
                        home_system(), home, std::ref(node_), of.channel, of.id, of.delivered)));
  else
    actors_.set(of, narrow<channel_inbox>(spawn<room_inbox, room>(
                        home_system(), home, std::ref(node_), of.channel, of.id, of.delivered)));
}

void bridge::on(channel_died& dead) {
  auto* const entry = channels_.find(dead.channel);
  if (!entry || actors_.any(*entry).id() != dead.actor)
    return;  // stopped by us, or replaced already
  log::warn("channel rebuilt after a fault",
            {{"kind", to_string(entry->channel->kind)}, {"name", entry->channel->name}});
  refuse_admitting(dead.channel);
  if (!channels_.find(dead.channel)) return;  // there was nobody else
  start_actor(*entry);
  for (const auto& shard : node_.fanouts) shard.send(recount{entry->id, self()});
}

void bridge::on(members_report& report) {
  if (const auto* entry = channels_.find(report.channel))
    actors_.any(*entry).send(std::move(report));
}

void bridge::refuse_admitting(channel_id user) {
  for (auto at = admitting_.begin(); at != admitting_.end();) {
    if (at->second.channels.front() != user) {
      ++at;
      continue;
    }
    auto pending = std::move(at->second);
    at = admitting_.erase(at);
    // The dead one may have told the other nodes of it; its successor does not know of it.
    if (node_.clustered)
      node_.engine->messages().send_control(
          *channels_.at(user).channel,
          encode(user_control{node_.options.id, false, {}, {pending.request.session->id}}));
    refuse(std::move(pending), "the supervisor of the user's sessions had a fault");
  }
}

void bridge::release(channel_id reserved) {
  auto& entry = channels_.at(reserved);
  --entry.reserved;
  retire_if_unused(entry);
}

void bridge::retire_if_unused(live_channel& candidate) {
  if (!candidate.members.empty() || candidate.reserved > 0) return;
  node_.engine->messages().unfollow(*candidate.channel);
  if (candidate.channel->kind == channel_kind::room) --node_.rooms;
  if (candidate.channel->kind == channel_kind::user) --node_.users;
  actors_.stop(candidate);
  channels_.remove(candidate);
}

}  // namespace starling::actors
