#include "net/auth/identity.hpp"

#include <algorithm>

namespace starling::net {

namespace {

constexpr std::string_view user_prefix = "user:";
constexpr std::string_view client_prefix = "client:";

bool may_publish_prefixed(const identity& holder, std::string_view prefix, std::string_view name) {
  return holder.publish_all ||
         std::any_of(holder.publish.begin(), holder.publish.end(), [&](std::string_view entry) {
           return entry.starts_with(prefix) && matches(entry.substr(prefix.size()), name);
         });
}

}  // namespace

bool matches(std::string_view pattern, std::string_view name) noexcept {
  std::size_t p = 0;
  std::size_t n = 0;
  auto star = pattern.npos;  // where to resume when a literal run fails: the last star seen
  std::size_t resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != pattern.npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == pattern.npos;
}

bool is_exact(std::string_view pattern) noexcept { return pattern.find('*') == pattern.npos; }

bool may_join(const identity& holder, std::string_view room) noexcept {
  return std::any_of(holder.rooms.begin(), holder.rooms.end(),
                     [&](std::string_view entry) { return matches(entry, room); });
}

bool may_publish_room(const identity& holder, std::string_view room) noexcept {
  return holder.publish_all ||
         std::any_of(holder.publish.begin(), holder.publish.end(), [&](std::string_view entry) {
           return !entry.starts_with(user_prefix) && !entry.starts_with(client_prefix) &&
                  matches(entry, room);
         });
}

bool may_publish_user(const identity& holder, std::string_view user) noexcept {
  return may_publish_prefixed(holder, user_prefix, user);
}

bool may_publish_client(const identity& holder, std::string_view client) noexcept {
  return may_publish_prefixed(holder, client_prefix, client);
}

}  // namespace starling::net
