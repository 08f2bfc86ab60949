#include "actors/ingest/tenant_directory.hpp"

#include <algorithm>
#include <utility>

namespace starling::actors {

namespace {

constexpr std::size_t most_tenants = 100'000;
constexpr std::size_t most_left = 100'000;
/// Of one answer: more would be a question nobody asks.
constexpr std::size_t most_facts = 4096;

std::uint64_t hash_of(const tenant_id& tenant, const std::string& room, const std::string& user) {
  std::uint64_t hash = 14695981039346656037U;
  const auto add = [&](const std::string& text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
    hash = (hash ^ 0xFFU) * 1099511628211U;
  };
  add(tenant.str());
  add(room);
  add(user);
  return hash;
}

std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  const auto out = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  return out;
}

}  // namespace

void tenant_directory::names::add(const std::string& name, tenant_index tenant) {
  auto& tenants = fresh_[name];
  if (tenants.empty())
    if (const auto before = old_.find(name); before != old_.end()) tenants = before->second;
  if (std::find(tenants.begin(), tenants.end(), tenant) == tenants.end()) tenants.push_back(tenant);
  if (fresh_.size() > most) old_ = std::exchange(fresh_, {});
}

std::vector<tenant_directory::tenant_index> tenant_directory::names::find(
    const std::string& name) const {
  for (const auto* each : {&fresh_, &old_})
    if (const auto found = each->find(name); found != each->end()) return found->second;
  return {};
}

tenant_directory::tenant_index tenant_directory::index_of(const tenant_id& tenant) {
  const auto [found, fresh] =
      indexes_.try_emplace(tenant, static_cast<tenant_index>(tenants_.size()));
  if (fresh) tenants_.push_back(tenant);
  return found->second;
}

std::vector<tenant_id> tenant_directory::named(const std::vector<tenant_index>& indexes) const {
  std::vector<tenant_id> out;
  for (const auto each : indexes) out.push_back(tenants_[each]);
  return out;
}

void tenant_directory::see(names& into, const tenant_id& tenant, const std::string& name) {
  if (tenants_.size() < most_tenants || indexes_.contains(tenant)) into.add(name, index_of(tenant));
}

void tenant_directory::room_seen(const tenant_id& tenant, const std::string& room) {
  const std::lock_guard hold(mutex_);
  see(rooms_, tenant, room);
}

void tenant_directory::user_seen(const tenant_id& tenant, const std::string& user) {
  const std::lock_guard hold(mutex_);
  see(users_, tenant, user);
}

void tenant_directory::add_member(const cluster::roster_entry& entry) {
  const auto hash = hash_of(entry.tenant, entry.room, entry.user);
  members_.insert(hash);
  left_.erase(hash);
  see(rooms_, entry.tenant, entry.room);
  see(users_, entry.tenant, entry.user);
}

void tenant_directory::member_added(const cluster::roster_entry& entry) {
  const std::lock_guard hold(mutex_);
  add_member(entry);
}

void tenant_directory::member_removed(const cluster::roster_entry& entry) {
  const std::lock_guard hold(mutex_);
  const auto hash = hash_of(entry.tenant, entry.room, entry.user);
  members_.erase(hash);
  if (left_.size() >= most_left) left_.clear();
  left_.insert(hash);
}

void tenant_directory::roster_loaded(const cluster::roster_part& part) {
  const std::lock_guard hold(mutex_);
  if (part.first) members_.clear();
  for (const auto& entry : part.entries) add_member(entry);
}

std::vector<tenant_id> tenant_directory::of_room(const std::string& room) const {
  const std::lock_guard hold(mutex_);
  return named(rooms_.find(room));
}

std::vector<tenant_id> tenant_directory::of_user(const std::string& user) const {
  const std::lock_guard hold(mutex_);
  return named(users_.find(user));
}

std::vector<tenant_id> tenant_directory::tenants() const {
  const std::lock_guard hold(mutex_);
  return tenants_;
}

bool tenant_directory::is_member(const tenant_id& tenant, const std::string& room,
                                 const std::string& user) const {
  const std::lock_guard hold(mutex_);
  return members_.contains(hash_of(tenant, room, user));
}

bool tenant_directory::has_left(const tenant_id& tenant, const std::string& room,
                                const std::string& user) const {
  const std::lock_guard hold(mutex_);
  return left_.contains(hash_of(tenant, room, user));
}

std::string tenant_directory::answer(std::string_view names) const {
  std::string out;
  std::size_t facts = 0;
  const auto say = [&](std::string_view line, const std::vector<tenant_id>& tenants) {
    for (const auto& tenant : tenants) {
      if (++facts > most_facts) return;
      out.append(line).append(1, ' ').append(tenant.str()).append(1, '\n');
    }
  };
  while (!names.empty() && facts < most_facts) {
    const auto line = take_line(names);
    if (line == "tenants")
      say("tenant", tenants());
    else if (line.starts_with("room "))
      say(line, of_room(std::string(line.substr(5))));
    else if (line.starts_with("user "))
      say(line, of_user(std::string(line.substr(5))));
  }
  return out;
}

void tenant_directory::learn(std::string_view facts) {
  for (std::size_t i = 0; i < most_facts && !facts.empty(); ++i) {
    auto line = take_line(facts);
    const auto space = line.rfind(' ');
    if (space == line.npos || !valid_tenant(line.substr(space + 1))) continue;
    const tenant_id tenant(std::string(line.substr(space + 1)));
    line = line.substr(0, space);
    const auto name = std::string(line.substr(std::min<std::size_t>(line.size(), 5)));
    if (line == "tenant") {
      const std::lock_guard hold(mutex_);
      if (tenants_.size() < most_tenants) index_of(tenant);
    } else if (line.starts_with("room ") && valid_room(name)) {
      room_seen(tenant, name);
    } else if (line.starts_with("user ") && valid_user(name)) {
      user_seen(tenant, name);
    }
  }
}

}  // namespace starling::actors
