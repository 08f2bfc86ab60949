#include "actors/roster/roster.hpp"

#include <algorithm>

#include "net/auth/identity.hpp"
#include "net/base/log.hpp"

namespace starling::actors {

namespace {
/// Those who wait for more than this many changes ago have given up by their own deadline.
constexpr std::size_t max_awaited = 1024;
}  // namespace

roster::roster(caf::actor_config& cfg, node_context& node) : roster_inbox(cfg), node_(node) {}

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

void roster::on(rooms_of_user_query& query) {
  std::vector<std::string> rooms;
  for (const auto& e : state_.rooms_of(query.tenant, query.user)) rooms.push_back(e.room);
  query.done(std::move(rooms));
}

void roster::on(join& request) {
  if (!loaded_) {
    auto why = net::make_goodbye(close_code::overload, node_.retry_told(),
                                 node_.here(request.session->identity->tenant));
    why.reason = "the roster is not loaded yet";
    return request.connection.send(refused{request.request, std::move(why)});
  }
  const auto& identity = *request.session->identity;
  for (auto& wanted : request.channels) {
    if (wanted.channel->kind != channel_kind::room) continue;
    const auto entry = state_.find(identity.tenant, identity.user.str(), wanted.channel->name);
    wanted.from_roster = entry.has_value();
    if (net::may_join(identity, wanted.channel->name)) continue;
    if (entry) {
      wanted.since = entry->since_seq;
      continue;
    }
    return request.connection.send(
        denied{{errc::forbidden, "room \"" + wanted.channel->name +
                                     "\" is neither in the token's rooms nor in the roster"}});
  }
  for (const auto& entry : state_.rooms_of(identity.tenant, identity.user.str())) {
    const auto known =
        std::any_of(request.channels.begin(), request.channels.end(), [&](const wanted_channel& w) {
          return w.channel->kind == channel_kind::room && w.channel->name == entry.room;
        });
    if (!known)
      request.channels.push_back(
          {std::make_shared<channel>(room_channel(identity.tenant, entry.room)), entry.since_seq,
           true});
  }
  node_.bridge_of(identity.tenant).send(std::move(request));
}

bool roster::holds(const await_membership& expected) const {
  return state_.find(expected.tenant, expected.user, expected.room).has_value() == expected.member;
}

void roster::tell(const cluster::roster_entry& entry, bool added) {
  node_.bridge_of(entry.tenant)
      .send(roster_changed{entry.tenant, user_id{entry.user}, entry.room, added, entry.since_seq});
  std::erase_if(awaited_, [&](const await_membership& expected) {
    const bool known = holds(expected);
    if (known) expected.done();
    return known;
  });
}

}  // namespace starling::actors
