#include "actors/ingest/ingested_message.hpp"

#include <algorithm>
#include <utility>

#include "net/base/clock.hpp"
#include "net/base/ids.hpp"
#include "net/base/shared.hpp"
#include "net/base/user_mark.hpp"

namespace starling::actors {

namespace {

void add_changes(const net::mapped_event& from, ingested_message& to) {
  if (from.members == net::member_change::none) return;
  for (const auto& room : from.rooms)
    for (const auto& user : from.users)
      to.changes.push_back(
          {{*from.tenant, room, user, wall_ms(), 0}, from.members == net::member_change::add});
}

/// Members of the rooms have the event there, and whoever has left is no member whatever the
/// message says.
void spare_members(net::mapped_event& event, const tenant_directory& directory) {
  std::erase_if(event.users, [&](const std::string& user) {
    return std::any_of(event.rooms.begin(), event.rooms.end(), [&](const std::string& room) {
      return directory.is_member(*event.tenant, room, user) ||
             directory.has_left(*event.tenant, room, user);
    });
  });
}

void add_event(net::mapped_event& from, const tenant_directory& directory, ingested_message& to) {
  event out;
  out.channel.tenant = *from.tenant;
  out.id = std::move(from.id);
  out.id_given = true;
  out.name = std::move(from.name);
  out.data = std::move(from.data);
  out.data_is_text = from.data_is_text;
  out.accepted_ns = wall_ns();
  // Who comes or goes is told as a user: in the room he is not yet, or no longer, for sure.
  const bool apart = from.members != net::member_change::none;
  std::vector<session_id> exclude;
  for (const auto& user : from.exclude) exclude.push_back(user_mark(user));
  if (apart && !from.everyone)
    for (const auto& user : from.users) exclude.push_back(user_mark(user));
  out.exclude = std::move(exclude);
  bool first = true;
  const auto add = [&](channel_kind kind, const std::string& name) {
    out.channel.kind = kind;
    out.channel.name = name;
    to.events.push_back({out, from.ephemeral, std::exchange(first, false)});
  };
  if (from.everyone) return add(channel_kind::all, tenant_channel(*from.tenant).name);
  const shared_list<std::string> rooms(from.rooms);
  for (std::size_t at = 0; at < rooms.size(); ++at) {
    out.earlier_targets = rooms.first(at);
    add(channel_kind::room, rooms[at]);
  }
  out.earlier_targets = rooms;
  if (apart) {
    out.exclude = {};
    out.earlier_targets = {};
  } else {
    spare_members(from, directory);
  }
  for (const auto& user : from.users) add(channel_kind::user, user);
}

}  // namespace

ingested_message ingest_events(std::vector<net::mapped_event> events, const std::string& stream,
                               std::uint64_t number, const tenant_directory& directory) {
  ingested_message out;
  for (std::size_t i = 0; i < events.size(); ++i) {
    auto& event = events[i];
    add_changes(event, out);
    if (event.name.empty()) continue;
    if (event.id.empty())
      event.id = stream.empty() ? make_event_id()
                                : stream + '-' + std::to_string(number) +
                                      (i == 0 ? "" : '-' + std::to_string(i));
    add_event(event, directory, out);
  }
  return out;
}

}  // namespace starling::actors
