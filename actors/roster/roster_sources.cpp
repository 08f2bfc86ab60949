// Sources besides the roster: who asks them, and what becomes of their answers.
#include "actors/roster/roster.hpp"
#include "actors/roster/tenant_key.hpp"
#include "actors/runtime/delayed.hpp"
#include "net/base/clock.hpp"

namespace starling::actors {

void roster::on(session_gone& gone) {
  if (!sources_) return;
  sources_->session_went(gone.tenant, gone.user.str(), steady_clock::now());
}

void roster::on(membership_heard& told) {
  if (sources_) sources_->heard(told.news, steady_clock::now());
}

void roster::on(room_named& event) {
  if (!sources_) return;
  const bool tell =
      sources_->room_named(event.tenant, event.room, event.position, steady_clock::now());
  if (tell && event.here && node_.tell_of_room)
    node_.tell_of_room(event.tenant, event.room, event.position);
}

void roster::on(source_answered& answer) {
  if (!sources_) return;
  const auto now = steady_clock::now();
  if (answer.of_user)
    sources_->rooms_answered(answer.source, answer.tenant, answer.name, answer.names, now);
  else
    sources_->users_answered(answer.source, answer.tenant, answer.name, answer.names, now);
}

void roster::on(tick&) {
  if (!sources_) return;
  const auto now = steady_clock::now();
  sources_->tick(now);
  const auto figures = sources_->count();
  auto& shown = node_.source_cache;
  shown.users = figures.users;
  shown.memberships = figures.memberships;
  shown.hits = figures.hits;
  shown.misses = figures.misses;
  shown.stale = figures.stale;
  // One is under way at a time, however many of the node's come meanwhile.
  if (own_tick_.count() == 0 || !home() || now < next_own_tick_) return;
  next_own_tick_ = now + own_tick_;
  send_after(home(), own_tick_, self(), tick{});
}

// ---- source_cache::output ----

void roster::ask_rooms(std::size_t source, const tenant_id& tenant, const std::string& user) {
  node_.options.membership.sources[source]->rooms_of_user(
      tenant, user,
      [me = self(), source, tenant, user](result<cluster::membership_source::names> rooms) {
        me.send(source_answered{source, true, tenant, user, std::move(rooms)});
      });
}

void roster::ask_users(std::size_t source, const tenant_id& tenant, const std::string& room) {
  node_.options.membership.sources[source]->users_of_room(
      tenant, room,
      [me = self(), source, tenant, room](result<cluster::membership_source::names> users) {
        me.send(source_answered{source, false, tenant, room, std::move(users)});
      });
}

void roster::changed(const cluster::roster_entry& entry, bool member, bool heard) {
  const bool otherwise =
      (!member && sources_->is_member(entry.tenant, entry.user, entry.room)) ||
      (node_.options.membership.roster && state_.find(entry.tenant, entry.user, entry.room));
  if (otherwise) return;
  if (node_.membership_learnt) node_.membership_learnt(entry, member);
  if (heard)
    node_.bridge_of(entry.tenant)
        .send(
            roster_changed{entry.tenant, user_id{entry.user}, entry.room, member, entry.since_seq});
}

void roster::known(const tenant_id& tenant, const std::string& user, const error* failure) {
  auto waiting = waiting_.extract(tenant_key(tenant, user));
  if (waiting.empty()) return;
  if (!failure) {
    for (auto& request : waiting.mapped().joins) pass_on(std::move(request));
    for (const auto& query : waiting.mapped().queries) answer(query);
    return;
  }
  const error away{errc::unavailable,
                   "a source of memberships is away, and nothing is known of "
                   "the user's rooms; try again"};
  for (const auto& request : waiting.mapped().joins) refuse(request, away.message);
  for (const auto& query : waiting.mapped().queries) query.done(away);
}

}  // namespace starling::actors
