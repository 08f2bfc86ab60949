#include "actors/session/fanout.hpp"

#include <algorithm>
#include <random>

#include "actors/base/find_text.hpp"
#include "actors/runtime/delayed.hpp"
#include "actors/session/connection.hpp"

namespace starling::actors {

namespace {
/// A busy shard saves its sessions' positions in turn, so many of so many looked at every so often:
/// how far a `since=last` goes back after a node's death.
constexpr std::chrono::milliseconds save_interval{100};
constexpr std::size_t saves_at_once = 50;
constexpr std::size_t looks_at_once = 1000;

std::uint64_t rank_in(session_order order, const connection& session) {
  switch (order) {
    case session_order::id: return 0;
    case session_order::newest: return static_cast<std::uint64_t>(session.record()->opened_ms());
    case session_order::delivered: return session.traffic().events;
    case session_order::queued: return session.traffic().waiting;
  }
  return 0;
}

/// Members lie anywhere in memory, and each costs several waits for it: so those that come are
/// fetched while the ones before them are served.
template <class Members, class F>
void for_each_prefetched(const Members& members, F&& serve) {
  constexpr std::size_t near = 4, far = 8;
  const std::size_t count = members.size();
  for (std::size_t i = 0; i < std::min(far, count); ++i) members[i]->prefetch();
  for (std::size_t i = 0; i < std::min(near, count); ++i) members[i]->prefetch_transport();
  for (std::size_t i = 0; i < count; ++i) {
    if (i + far < count) members[i + far]->prefetch();
    if (i + near < count) members[i + near]->prefetch_transport();
    serve(*members[i]);
  }
}

connection& session_of(const handle<connection_inbox>& session) {
  return static_cast<connection&>(*session.get());
}
}  // namespace

const session_id& fanout::id_of(const handle<connection_inbox>& session) {
  return session_of(session).record()->id;
}

fanout::fanout(caf::actor_config& cfg, node_context& node, unsigned shard_index)
    : fanout_inbox(cfg),
      node_(node),
      shard_(shard_index),
      batch_(node.options.outbox.handed_over().events),
      for_sessions_(node.options.history.dedupe_window) {
  if (home()) pause_.emplace(home()->loop().context());
}

void fanout::on_exit() {
  dispatch();
  // Nobody else ends them, and they need the node until they have ended.
  for (const auto& session : sessions_) session.stop();
  sessions_.clear();
  if (!home()) return;
  pause_.reset();
  home()->loop().forget(*this);
  home()->loop().timers().cancel(*this);
}

void fanout::on(session_started& started) {
  dispatch();
  sessions_.insert(std::move(started.connection));
}

void fanout::on(leave& leaving) {
  dispatch();
  auto* const session = find(leaving.id);
  if (!session) return;
  unsubscribe(*session, leaving.channels);
  bridge_of(*session->record())
      .send(left{session->record(), shard_, std::move(leaving.channels), leaving.ended});
}

void fanout::on(position_changed& changed) {
  unsaved_.push_back(changed.id);
  if (!home())
    save_positions();
  else if (unsaved_.size() == 1)
    home()->loop().timers().arm(*this, steady_clock::now() + save_interval);
}

void fanout::on(deliver_to& one) {
  dispatch();
  auto* const session = find(one.id);
  // A client id is no secret: whoever publishes to it must be of its tenant.
  const bool there = session && !session->leaving() &&
                     session->record()->identity->tenant == one.publication->event().channel.tenant;
  if (there && for_sessions_.first(one.publication->event(), steady_clock::now()))
    session->deliver(one.publication);
  one.done(there);
}

void fanout::on(close_one& one) {
  auto* const session = find(one.id);
  if (!session || session->leaving() ||
      (one.tenant && session->record()->identity->tenant != *one.tenant))
    return one.done(net::no_session(one.id.str()));
  if (one.owner && session->record()->identity->user != *one.owner)
    return one.done(net::not_your_session());
  if (one.code == close_code::client_closed && !session->record()->ends_quietly)
    return one.done(error{errc::not_found, "left behind by nobody: " + one.id.str()});
  const bool by_owner = one.owner && one.code == close_code::kicked;
  handle<connection_inbox>(*session).send(
      close_session{one.code, std::nullopt, std::nullopt, by_owner ? "closed by its owner" : ""});
  one.done({});
}

void fanout::on(renew_token& token) {
  dispatch();
  auto* const session = find(token.id);
  // A session of another tenant is none.
  if (!session || session->record()->identity->tenant != token.fresh->tenant)
    return token.done(net::no_session(token.id.str()));
  token.done(session->renew(token.fresh));
}

void fanout::on(change_one& change) {
  dispatch();
  auto* const session = find(change.id);
  if (!session || session->leaving() || session->record()->identity->tenant != change.tenant)
    return change.done(net::no_session(change.id.str()));
  if (change.owner && session->record()->identity->user != *change.owner)
    return change.done(net::not_your_session());
  if (change.presence) session->show(*change.presence);
  if (change.retry) session->tell_retry(*change.retry);
  change.done({});
}

void fanout::on(fan_out& event) {
  if (event.channel != batch_channel_) dispatch();
  batch_channel_ = event.channel;
  batch_.push(std::move(event.publication));
  pace_.came(batch_channel_);
  if (!home() || batch_.full())
    dispatch();
  else if (!pace_.under_way())
    dispatch_later();
}

/// With all that this pass of the loop brings, or when the channel's pace allows.
void fanout::dispatch_later() {
  const auto at = pace_.next(batch_channel_, batch_.events().size());
  if (at <= steady_clock::now()) return home()->loop().mark_dirty(*this);
  if (std::exchange(pausing_, true)) return;
  pause_->expires_at(at);
  pause_->async_wait([this, keep = self()](const boost::system::error_code& cancelled) {
    if (!cancelled) guarded("pause", [&] { dispatch(); });
  });
}

void fanout::dispatch() {
  if (batch_.empty()) return;
  if (std::exchange(pausing_, false)) pause_->cancel();
  if (const auto found = channels_.find(batch_channel_); found != channels_.end()) {
    const auto& members = found->second;
    const bool measured = home() && members.size() >= pace::large && !pace_.under_way();
    if (measured) pace_.began(batch_channel_, batch_.events().size(), steady_clock::now());
    for_each_prefetched(members, [&](connection& member) { member.deliver(batch_); });
    if (measured) {  // behind the members' transports
      home()->loop().forget(*this);
      home()->loop().mark_dirty(*this);
    }
  }
  batch_.clear();
}

void fanout::pass_is_over() {
  if (!pace_.under_way()) return dispatch();
  pace_.ended(steady_clock::now());
  if (!batch_.empty()) dispatch_later();
}

void fanout::save_next_positions() {
  save_positions();
  if (!unsaved_.empty()) home()->loop().timers().arm(*this, steady_clock::now() + save_interval);
}

void fanout::save_positions() {
  std::size_t saved = 0;
  for (auto looks = std::min(unsaved_.size(), looks_at_once); looks > 0; --looks) {
    if (saved == saves_at_once) return;
    const auto id = unsaved_.front();
    unsaved_.pop_front();
    auto* connection = find(id);
    if (!connection) continue;
    ++saved;
    if (!connection->save_position()) unsaved_.push_back(id);
  }
}

void fanout::on(joined& done) {
  dispatch();
  auto* const session = find(done.session->id);
  if (!session || session->leaving()) {  // it ended while the join was under way
    std::vector<channel_id> entered;
    for (const auto& each : done.channels)
      if (!each.again) entered.push_back(each.id);
    return bridge_of(*done.session)
        .send(left{std::move(done.session), shard_, std::move(entered), true});
  }
  session->rooms().expect(done.channels.size());
  for (const auto& each : done.channels) {
    if (each.again) continue;
    auto& members = channels_[each.id];
    session->rooms().add({each.id, static_cast<std::uint32_t>(members.size()), each.from_roster,
                          false, each.channel, each.since});
    members.push_back(session);
  }
  session->on_joined(std::move(done));
}

void fanout::unsubscribe(connection& session, std::vector<channel_id> channels) {
  // Whoever was the last member of a channel takes the place that is free now; all such places of a
  // member together, or a session in many rooms would cost others the square of them.
  std::vector<std::pair<connection*, member_place>> moved;
  for (const auto& place : session.rooms().drop(std::move(channels))) {
    const auto found = channels_.find(place.id);
    if (found == channels_.end()) continue;
    auto& members = found->second;
    if (place.index + 1 != members.size()) {
      members[place.index] = members.back();
      moved.emplace_back(members[place.index], place);
    }
    members.pop_back();
    if (members.empty()) channels_.erase(found);
  }
  std::ranges::sort(moved, {}, [](const auto& m) { return std::pair(m.first, m.second.id); });
  std::vector<member_place> places;
  for (auto at = moved.begin(); at != moved.end();) {
    auto* const member = at->first;
    places.clear();
    for (; at != moved.end() && at->first == member; ++at) places.push_back(at->second);
    member->rooms().move(places);
  }
}

void fanout::on(session_ended& ended) {
  dispatch();
  const auto found = sessions_.find(ended.id);
  if (found == sessions_.end()) return;
  const auto gone = *found;
  sessions_.erase(found);
  auto& connection = session_of(gone);
  auto& totals = ended_[connection.record()->identity->tenant];
  ++totals.closed;
  totals.deliveries += ended.delivered;
  totals.bytes_out += ended.bytes_out;
  auto channels = connection.rooms().channels();
  unsubscribe(connection, channels);
  if (!channels.empty())
    bridge_of(*connection.record())
        .send(left{connection.record(), shard_, std::move(channels), true});
}

void fanout::on(drain& all) {
  std::vector<handle<connection_inbox>> order;
  order.reserve(sessions_.size());
  for (const auto& session : sessions_)
    if (!all.partition ||
        *all.partition == cluster::partition_of(session_of(session).record()->identity->tenant,
                                                node_.partitions.size()))
      order.push_back(session);
  std::shuffle(order.begin(), order.end(), std::minstd_rand{std::random_device{}()});
  for (std::size_t i = 0; i < order.size(); ++i) {
    const close_session why{all.code, std::nullopt, std::nullopt, all.reason};
    const auto wait = all.window * static_cast<long>(i) / static_cast<long>(order.size());
    if (wait.count() > 0)
      send_after(home(), wait, order[i], why);
    else
      order[i].send(why);
  }
}

void fanout::on(sessions_query& query) {
  const auto found_in = [&](const session_record& r) {
    return query.search.empty() || holds_text(r.identity->user.str(), query.search) ||
           holds_text(r.device.str(), query.search) || holds_text(r.remote, query.search) ||
           holds_text(r.id.str(), query.search);
  };
  const auto matches = [&](const session_record& r) {
    return (query.tenant.empty() || r.identity->tenant == query.tenant) &&
           (query.user.empty() || r.identity->user.str() == query.user) && found_in(r);
  };
  sessions_found out;
  std::vector<std::pair<session_place, const connection*>> page;
  const auto look_at = [&](const session_id& id, const connection& session) {
    if (session.leaving() || !matches(*session.record()) || (query.viewed && !session.has_view()))
      return;
    ++out.total;
    const session_place place(id, rank_in(query.order, session));
    if (!query.after || place > *query.after) page.emplace_back(place, &session);
  };
  if (query.id) {
    if (const auto* session = find(*query.id)) look_at(*query.id, *session);
  } else {
    for (const auto& each : sessions_) look_at(id_of(each), session_of(each));
  }
  const auto end = page.begin() + static_cast<std::ptrdiff_t>(std::min(query.limit, page.size()));
  std::partial_sort(page.begin(), end, page.end());
  for (auto at = page.begin(); at != end; ++at) out.sessions.push_back(at->second->describe());
  query.done(std::move(out));
}

void fanout::on(tenant_stats_query& query) {
  net::node_stats out;
  if (const auto found = ended_.find(query.tenant); found != ended_.end()) out = found->second;
  out.opened = out.closed;
  for (const auto& each : sessions_) {
    const auto& session = session_of(each);
    if (session.record()->identity->tenant != query.tenant) continue;
    ++out.sessions;
    ++out.opened;
    const auto sent = session.traffic();
    out.deliveries += sent.events;
    out.bytes_out += sent.bytes;
    out.outbox_bytes += sent.waiting;
  }
  query.done(out);
}

void fanout::on(recount& query) {
  dispatch();
  members_report out{query.channel, {}, {}};
  if (const auto found = channels_.find(query.channel); found != channels_.end())
    for (auto* member : found->second) {
      out.members.push_back(member->record());
      out.connections.push_back(handle<connection_inbox>(*member));
      member->actor_rebuilt(query.channel);
    }
  query.to.send(std::move(out));
}

const handle<bridge_inbox>& fanout::bridge_of(const session_record& session) const {
  return node_.bridge_of(session.identity->tenant);
}

connection* fanout::find(const session_id& id) const {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : &session_of(*found);
}

}  // namespace starling::actors
