#include "actors/roster/source_cache.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "actors/roster/tenant_key.hpp"

namespace starling::actors {

namespace {

using namespace std::chrono_literals;

/// Between questions that failed, for a user with sessions and for a room.
constexpr auto retry_wait = 2s;
constexpr auto room_retry_wait = 1s;
constexpr std::size_t max_rooms = 100'000;
/// Of news that name no tenant, as many tenants are looked through.
constexpr std::size_t few_tenants = 16;

tenant_id tenant_in(const std::string& key) { return tenant_id(key.substr(0, key.find(' '))); }
std::string name_in(const std::string& key) { return key.substr(key.find(' ') + 1); }
/// Of a source, in a set of them.
std::uint32_t bit_of(std::size_t source) { return std::uint32_t{1} << source; }

}  // namespace

source_cache::source_cache(source_cache_options options, output& out)
    : options_(options),
      all_(static_cast<std::uint32_t>((std::uint64_t{1} << options.sources) - 1)),
      out_(out),
      states_(options.sources) {}

// ---- who is asked for ----

source_cache::user_record& source_cache::record_of(const tenant_id& tenant,
                                                   const std::string& key) {
  const auto [at, fresh] = users_.try_emplace(key);
  if (fresh) ++tenants_[tenant.str()];
  return at->second;
}

/// None is older than `fresh` before the next tick comes.
bool source_cache::due(const user_record& of, steady_time now) const {
  return now - of.at + options_.tick >= options_.fresh;
}

bool source_cache::session_came(const tenant_id& tenant, const std::string& user, steady_time now) {
  const auto key = tenant_key(tenant, user);
  auto& of = record_of(tenant, key);
  if (of.sessions++ == 0) ++live_;
  const bool known = look(key, of, now);
  // Nobody has looked at the age of an answer while there was no session.
  if (known && of.outstanding == 0 && due(of, now)) {
    refresh_soon(key, of);
    pump(now);
  }
  return known;
}

bool source_cache::wanted(const tenant_id& tenant, const std::string& user, steady_time now) {
  const auto key = tenant_key(tenant, user);
  return look(key, record_of(tenant, key), now);
}

void source_cache::session_went(const tenant_id& tenant, const std::string& user, steady_time now) {
  const auto key = tenant_key(tenant, user);
  const auto at = users_.find(key);
  if (at == users_.end() || at->second.sessions == 0) return;
  if (--at->second.sessions > 0) return;
  --live_;
  if (at->second.outstanding > 0) return;  // settle() follows
  if (at->second.doubted || !complete(at->second)) return forget(at);
  became_idle(key, at->second, now);
}

bool source_cache::look(const std::string& key, user_record& of, steady_time now) {
  const bool usable = complete(of);
  if (usable && !of.doubted && now - of.at < options_.fresh) {
    ++hits_;
    return true;
  }
  if (of.outstanding == 0) ask(key, of, now);
  // Whoever has old answers does not wait for a source that is away.
  if (usable && failing()) {
    ++stale_;
    return true;
  }
  ++misses_;
  return false;
}

void source_cache::ask(const std::string& key, user_record& of, steady_time now) {
  const auto tenant = tenant_in(key);
  const auto user = name_in(key);
  of.asked = now;
  of.asked_seq = out_.here(tenant);
  of.outstanding = static_cast<std::uint32_t>(options_.sources);
  of.failed = of.again = false;
  for (std::size_t i = 0; i < options_.sources; ++i) out_.ask_rooms(i, tenant, user);
}

void source_cache::note(std::size_t source, bool answered) {
  failing_ = answered ? failing_ & ~bit_of(source) : failing_ | bit_of(source);
}

void source_cache::rooms_answered(std::size_t source, const tenant_id& tenant,
                                  const std::string& user, const result<names>& rooms,
                                  steady_time now) {
  note(source, rooms.ok());
  const auto key = tenant_key(tenant, user);
  const auto at = users_.find(key);
  if (at == users_.end() || at->second.outstanding == 0) return;
  auto& of = at->second;
  if (rooms) {
    apply(source, key, of, *rooms);
    of.answered |= bit_of(source);
  } else {
    of.failed = true;
    of.failure = rooms.error();
  }
  if (--of.outstanding > 0) return;
  if (std::exchange(of.refreshing, false)) --refreshing_;
  if (of.again) return ask(key, of, now);
  settle(key, now);
  pump(now);
}

/// All sources have answered, or failed.
void source_cache::settle(const std::string& key, steady_time now) {
  const auto at = users_.find(key);
  auto& of = at->second;
  ++of.stamp;
  if (of.failed) {
    if (of.sessions > 0) retries_.push_back({now, key, of.stamp});
  } else {
    of.at = of.asked;
    of.doubted = false;
    ages_.push_back({of.at, key, of.stamp});
  }
  const bool usable = complete(of);
  const auto failure = of.failure;
  out_.known(tenant_in(key), name_in(key), usable ? nullptr : &failure);
  // Whoever was waiting has been told; the sessions of who is not known go by themselves.
  if (of.sessions > 0) return;
  if (!usable || of.doubted) return forget(at);
  became_idle(key, of, now);
}

void source_cache::apply(std::size_t source, const std::string& key, user_record& of,
                         const names& rooms) {
  const auto tenant = tenant_in(key);
  const auto user = name_in(key);
  const bool first = (of.answered & (std::uint32_t{1} << source)) == 0;
  const bool heard = complete(of) && of.sessions > 0;
  const std::unordered_set<std::string> now(rooms.begin(), rooms.end());
  for (const auto& entry : states_[source].rooms_of(tenant, user))
    if (!now.contains(entry.room)) put(source, entry, false, heard);
  for (const auto& room : now)
    put(source, {tenant, room, user, 0, first ? 0 : of.asked_seq}, true, heard);
}

void source_cache::put(std::size_t source, const cluster::roster_entry& entry, bool member,
                       bool heard) {
  auto& state = states_[source];
  if (member ? state.add(entry) : state.remove(entry)) out_.changed(entry, member, heard);
}

// ---- rooms ----

bool source_cache::room_named(const tenant_id& tenant, const std::string& room, sequence position,
                              steady_time now) {
  if (rooms_.size() >= max_rooms)
    std::erase_if(rooms_, [&](const auto& each) { return each.second.outstanding == 0; });
  auto& of = rooms_[tenant_key(tenant, room)];
  // The event itself is the new members', too.
  if (now >= of.until)
    ask_room(tenant, room, position > 0 ? position - 1 : out_.here(tenant), false, now);
  if (now < of.told_until) return false;
  of.told_until = now + options_.fresh;
  return true;
}

void source_cache::ask_room(const tenant_id& tenant, const std::string& room, sequence since,
                            bool news, steady_time now) {
  if (!tenants_.contains(tenant.str())) return;  // nobody whom it could concern
  auto& of = rooms_[tenant_key(tenant, room)];
  of.until = now + options_.fresh;
  of.since = of.outstanding > 0 ? std::min(of.since, since) : since;
  of.news = of.news || news;
  of.outstanding += static_cast<std::uint32_t>(options_.sources);
  for (std::size_t i = 0; i < options_.sources; ++i) out_.ask_users(i, tenant, room);
}

void source_cache::users_answered(std::size_t source, const tenant_id& tenant,
                                  const std::string& room, const result<names>& users,
                                  steady_time now) {
  note(source, users.ok());
  const auto at = rooms_.find(tenant_key(tenant, room));
  if (at == rooms_.end() || at->second.outstanding == 0) return;
  auto& of = at->second;
  const bool last = --of.outstanding == 0;
  if (!users) {
    of.until = std::min(of.until, now + room_retry_wait);
    if (std::exchange(of.news, false)) doubt_all(tenant);
    return;
  }
  if (last) of.news = false;
  const auto since = of.since;
  const auto known = [&](const std::string& user) -> user_record* {
    const auto found = users_.find(tenant_key(tenant, user));
    const bool answered = found != users_.end() && (found->second.answered & bit_of(source)) != 0;
    return answered ? &found->second : nullptr;
  };
  const std::unordered_set<std::string> members(users->begin(), users->end());
  for (const auto& entry : states_[source].members_of(tenant, room, {}, ~std::size_t{0}))
    if (!members.contains(entry.user)) {
      const auto* const member = known(entry.user);
      put(source, entry, false, member && member->sessions > 0);
    }
  for (const auto& user : members)
    if (const auto* const member = known(user))
      put(source, {tenant, room, user, 0, since}, true, member->sessions > 0);
}

// ---- what changes ----

void source_cache::heard(const cluster::membership_news& news, steady_time now) {
  if (news.user.empty() && news.room.empty()) {
    doubt_all(news.tenant);
    return pump(now);
  }
  std::vector<tenant_id> tenants;
  if (!news.tenant.empty())
    tenants.push_back(news.tenant);
  else
    for (const auto& [name, count] : tenants_) tenants.emplace_back(name);
  if (!news.user.empty())
    for (const auto& tenant : tenants) doubt(tenant_key(tenant, news.user));
  if (!news.room.empty()) {
    if (!news.user.empty()) {
      // Who it is about is asked for; what is known of the others stands.
      for (const auto& tenant : tenants)
        if (const auto of = rooms_.find(tenant_key(tenant, news.room)); of != rooms_.end())
          of->second.until = {};
    } else if (tenants.size() > few_tenants) {
      doubt_all({});
    } else {
      for (const auto& tenant : tenants) ask_room(tenant, news.room, out_.here(tenant), true, now);
    }
  }
  pump(now);
}

void source_cache::doubt(const std::string& key) {
  const auto at = users_.find(key);
  if (at == users_.end()) return;
  auto& of = at->second;
  if (of.outstanding > 0) {
    of.again = true;
  } else if (of.sessions == 0) {
    forget(at);
  } else {
    of.doubted = true;
    refresh_soon(key, of);
  }
}

void source_cache::doubt_all(const tenant_id& tenant) {
  std::vector<std::string> keys;
  for (const auto& [key, of] : users_)
    if (tenant.empty() || tenant_in(key) == tenant) keys.push_back(key);
  for (const auto& key : keys) doubt(key);
  for (auto& [key, of] : rooms_)
    if (tenant.empty() || tenant_in(key) == tenant) of.until = {};
}

void source_cache::refresh_soon(const std::string& key, user_record& of) {
  if (!std::exchange(of.queued, true)) due_.push_back(key);
}

void source_cache::tick(steady_time now) {
  const auto drain = [&](std::deque<queued_user>& queue, steady_time before, auto act) {
    while (!queue.empty() && queue.front().at <= before) {
      const auto place = std::move(queue.front());
      queue.pop_front();
      const auto at = users_.find(place.key);
      if (at != users_.end() && at->second.stamp == place.stamp) act(place.key, at->second);
    }
  };
  const auto refresh = [&](const std::string& key, user_record& of) {
    if (of.sessions > 0 && of.outstanding == 0) refresh_soon(key, of);
  };
  drain(retries_, now - retry_wait, refresh);
  drain(ages_, now + options_.tick - options_.fresh, refresh);
  pump(now);
}

void source_cache::pump(steady_time now) {
  while (refreshing_ < options_.max_refreshing && !due_.empty()) {
    const auto key = std::move(due_.front());
    due_.pop_front();
    const auto at = users_.find(key);
    if (at == users_.end()) continue;
    auto& of = at->second;
    of.queued = false;
    if (of.outstanding > 0 || of.sessions == 0) continue;
    of.refreshing = true;
    ++refreshing_;
    ask(key, of, now);
  }
}

void source_cache::forget(user_map::iterator which) {
  const auto tenant = tenant_in(which->first);
  const auto user = name_in(which->first);
  for (auto& state : states_)
    for (const auto& entry : state.rooms_of(tenant, user)) state.remove(entry);
  if (which->second.sessions > 0) --live_;
  if (which->second.refreshing) --refreshing_;
  const auto count = tenants_.find(tenant.str());
  if (--count->second == 0) tenants_.erase(count);
  users_.erase(which);
}

/// The oldest of them go when there are too many.
void source_cache::became_idle(const std::string& key, user_record& of, steady_time now) {
  idle_.push_back({now, key, ++of.idle_stamp});
  const auto counts = [this](const queued_user& place) {
    const auto at = users_.find(place.key);
    return at != users_.end() && at->second.idle_stamp == place.stamp && at->second.sessions == 0 &&
           at->second.outstanding == 0;
  };
  while (users_.size() - live_ > options_.max_users && !idle_.empty()) {
    if (counts(idle_.front())) forget(users_.find(idle_.front().key));
    idle_.pop_front();
  }
  if (idle_.size() > 2 * (options_.max_users + 1000))
    std::erase_if(idle_, [&](const queued_user& place) { return !counts(place); });
}

// ---- what is known ----

bool source_cache::is_member(const tenant_id& tenant, const std::string& user,
                             const std::string& room) const {
  return since(tenant, user, room).has_value();
}

std::optional<sequence> source_cache::since(const tenant_id& tenant, const std::string& user,
                                            const std::string& room) const {
  std::optional<sequence> out;
  for (const auto& state : states_)
    if (const auto found = state.find(tenant, user, room))
      out = out ? std::min(*out, found->since_seq) : found->since_seq;
  return out;
}

std::vector<cluster::roster_entry> source_cache::rooms_of(const tenant_id& tenant,
                                                          const std::string& user) const {
  auto out = states_.front().rooms_of(tenant, user);
  for (std::size_t i = 1; i < states_.size(); ++i)
    for (auto& entry : states_[i].rooms_of(tenant, user)) out.push_back(std::move(entry));
  std::ranges::sort(out, [](const auto& a, const auto& b) {
    return std::tie(a.room, a.since_seq) < std::tie(b.room, b.since_seq);
  });
  const auto same = [](const auto& a, const auto& b) { return a.room == b.room; };
  out.erase(std::unique(out.begin(), out.end(), same), out.end());
  return out;
}

source_cache::figures source_cache::count() const {
  figures out{users_.size(), 0, hits_, misses_, stale_};
  for (const auto& state : states_) out.memberships += state.size();
  return out;
}

}  // namespace starling::actors
