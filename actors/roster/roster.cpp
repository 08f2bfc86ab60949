#include "actors/roster/roster.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "actors/roster/tenant_key.hpp"
#include "net/auth/identity.hpp"
#include "net/base/clock.hpp"
#include "net/base/log.hpp"

namespace starling::actors {

namespace {
/// Those who wait for more than this many changes ago have given up by their own deadline.
constexpr std::size_t max_awaited = 1024;
/// The node's, and of what a short membership.cache needs.
constexpr std::chrono::milliseconds node_tick{1000};
constexpr std::chrono::milliseconds shortest_tick{25};
}  // namespace

roster::roster(caf::actor_config& cfg, node_context& node) : roster_inbox(cfg), node_(node) {
  if (!node_.asks_sources()) return;
  const auto& how = node_.options.membership;
  source_cache_options options;
  options.sources = how.sources.size();
  options.fresh = how.cache;
  options.tick = std::clamp(how.cache / 4, shortest_tick, node_tick);
  if (options.tick < node_tick) own_tick_ = options.tick;
  options.max_users = how.max_users;
  sources_ = std::make_unique<source_cache>(options, static_cast<source_cache::output&>(*this));
}

void roster::on(roster_entry_changed& change) {
  const bool changed = change.added ? state_.add(change.entry) : state_.remove(change.entry);
  if (changed) tell(change.entry, change.added);
}

void roster::on(roster_loaded& load) {
  if (load.part.first) state_.begin_load();
  for (const auto& entry : load.part.entries)
    if (state_.add(entry)) tell(entry, true);
  if (!load.part.last) return;
  for (const auto& gone : state_.end_load()) tell(gone, false);
  log::info("roster loaded", {{"memberships", state_.size()}});
  loaded_ = true;
  node_.roster_ready = true;
}

void roster::on(await_membership& expected) {
  if (holds(expected)) return expected.done();
  if (awaited_.size() == max_awaited) awaited_.erase(awaited_.begin());
  awaited_.push_back(std::move(expected));
}

void roster::on(members_query& query) {
  query.done(state_.members_of(query.tenant, query.room, query.after, query.limit));
}

void roster::on(changes_query& query) {
  std::erase_if(query.changes, [this](const cluster::roster_change& change) {
    const auto& [entry, member] = change;
    return state_.find(entry.tenant, entry.user, entry.room).has_value() == member;
  });
  query.done(std::move(query.changes));
}

void roster::on(rooms_of_user_query& query) {
  if (!sources_ || sources_->wanted(query.tenant, query.user, steady_clock::now()))
    return answer(query);
  waiting_[tenant_key(query.tenant, query.user)].queries.push_back(std::move(query));
}

void roster::answer(const rooms_of_user_query& query) const {
  std::vector<std::string> rooms;
  for (const auto& e : rooms_of(query.tenant, query.user)) rooms.push_back(e.room);
  query.done(std::move(rooms));
}

void roster::on(join& request) {
  const auto& identity = *request.session->identity;
  // Counted in any case: the session's end is.
  const bool known = !sources_ || sources_->session_came(identity.tenant, identity.user.str(),
                                                         steady_clock::now());
  if (!loaded_) return refuse(request, "the roster is not loaded yet");
  if (known) return pass_on(std::move(request));
  waiting_[tenant_key(identity.tenant, identity.user.str())].joins.push_back(std::move(request));
}

void roster::refuse(const join& request, std::string reason) {
  auto why = net::make_goodbye(close_code::overload, node_.retry_told(),
                               node_.here(request.session->identity->tenant));
  why.reason = std::move(reason);
  request.connection.send(refused{request.request, std::move(why)});
}

void roster::pass_on(join&& request) {
  const auto& identity = *request.session->identity;
  for (auto& wanted : request.channels) {
    if (wanted.channel->kind != channel_kind::room) continue;
    const auto since = member_since(identity.tenant, identity.user.str(), wanted.channel->name);
    wanted.from_roster = since.has_value();
    if (net::may_join(identity, wanted.channel->name)) continue;
    if (since) {
      wanted.since = *since;
      continue;
    }
    return request.connection.send(
        denied{{errc::forbidden, "room \"" + wanted.channel->name +
                                     "\" is neither in the token's rooms nor in the roster"}});
  }
  for (const auto& entry : rooms_of(identity.tenant, identity.user.str())) {
    const auto asked =
        std::any_of(request.channels.begin(), request.channels.end(), [&](const wanted_channel& w) {
          return w.channel->kind == channel_kind::room && w.channel->name == entry.room;
        });
    if (!asked)
      request.channels.push_back(
          {std::make_shared<channel>(room_channel(identity.tenant, entry.room)), entry.since_seq,
           true});
  }
  node_.bridge_of(identity.tenant).send(std::move(request));
}

std::optional<sequence> roster::member_since(const tenant_id& tenant, const std::string& user,
                                             const std::string& room) const {
  std::optional<sequence> out;
  if (sources_) out = sources_->since(tenant, user, room);
  if (!node_.options.membership.roster) return out;
  const auto entry = state_.find(tenant, user, room);
  if (!entry) return out;
  return out ? std::min(*out, entry->since_seq) : entry->since_seq;
}

std::vector<cluster::roster_entry> roster::rooms_of(const tenant_id& tenant,
                                                    const std::string& user) const {
  if (!sources_) return state_.rooms_of(tenant, user);
  auto out = sources_->rooms_of(tenant, user);
  if (!node_.options.membership.roster) return out;
  for (auto& entry : state_.rooms_of(tenant, user)) out.push_back(std::move(entry));
  std::ranges::sort(out, [](const auto& a, const auto& b) {
    return std::tie(a.room, a.since_seq) < std::tie(b.room, b.since_seq);
  });
  const auto same = [](const auto& a, const auto& b) { return a.room == b.room; };
  out.erase(std::unique(out.begin(), out.end(), same), out.end());
  return out;
}

bool roster::holds(const await_membership& expected) const {
  return state_.find(expected.tenant, expected.user, expected.room).has_value() == expected.member;
}

void roster::tell(const cluster::roster_entry& entry, bool added) {
  const bool otherwise = sources_ && sources_->is_member(entry.tenant, entry.user, entry.room);
  // Before it is loaded nobody has joined.
  if (loaded_ && node_.options.membership.roster && !otherwise)
    node_.bridge_of(entry.tenant)
        .send(
            roster_changed{entry.tenant, user_id{entry.user}, entry.room, added, entry.since_seq});
  std::erase_if(awaited_, [&](const await_membership& expected) {
    const bool known = holds(expected);
    if (known) expected.done();
    return known;
  });
}

}  // namespace starling::actors
