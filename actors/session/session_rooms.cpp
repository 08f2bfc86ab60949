#include "actors/session/session_rooms.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "net/wire/codec.hpp"

namespace starling::actors {

namespace {

/// Named by the token itself.
bool own_room(const net::identity& identity, const std::string& room) {
  return net::is_exact(room) && std::ranges::find(identity.rooms, room) != identity.rooms.end();
}

}  // namespace

/// The rooms by name, while a command over many of them is carried out. Valid while subscriptions
/// and joins stay as they are. Made in time linear in them; the questions then take constant time.
class session_rooms::index {
 public:
  explicit index(session_rooms& of) {
    in_.reserve(of.subscriptions_.size());
    for (auto& each : of.subscriptions_)
      if (is_open_room(each)) in_.emplace(each.channel->name, &each);
    if (!of.joins_) return;
    for (auto& join : *of.joins_)
      for (const auto& room : join.rooms) joining_.emplace(room, &join);
  }

  /// nullptr: not a member, or leaving.
  subscription* in(std::string_view room) const {
    const auto found = in_.find(room);
    return found == in_.end() ? nullptr : found->second;
  }
  /// Whether the room is being joined; from now on it is wanted, or not.
  bool want_pending(const std::string& room, bool wanted) const {
    const auto found = joining_.find(room);
    if (found == joining_.end()) return false;
    found->second->want(room, wanted);
    return true;
  }
  /// How many rooms it would be in, or be joining, with `more`; each of these stands there once.
  std::size_t count_with(const std::vector<std::string>& more) const {
    const auto fresh = [this](const auto& room) {
      return !in_.contains(room) && !joining_.contains(room);
    };
    const auto joining = std::count_if(joining_.begin(), joining_.end(), [this](const auto& each) {
      return !in_.contains(each.first);
    });
    const auto added = std::count_if(more.begin(), more.end(), fresh);
    return in_.size() + static_cast<std::size_t>(joining) + static_cast<std::size_t>(added);
  }

 private:
  std::unordered_map<std::string_view, subscription*> in_;
  std::unordered_map<std::string_view, join_under_way*> joining_;
};

// -- subscriptions --------------------------------------------------------------------------------

void session_rooms::add(subscription in) {
  subscriptions_.push_back(std::move(in));
  told_ = false;
}

std::vector<member_place> session_rooms::drop(std::vector<channel_id> gone) {
  std::sort(gone.begin(), gone.end());
  std::vector<member_place> out;
  out.reserve(gone.size());
  const auto drops = [&](const subscription& each) {
    if (!std::binary_search(gone.begin(), gone.end(), each.id)) return false;
    out.push_back({each.id, each.index});
    return true;
  };
  subscriptions_.erase(std::remove_if(subscriptions_.begin(), subscriptions_.end(), drops),
                       subscriptions_.end());
  if (!out.empty()) told_ = false;
  return out;
}

void session_rooms::move(std::span<const member_place> moved) {
  for (auto& each : subscriptions_) {
    const auto at = std::ranges::lower_bound(moved, each.id, {}, &member_place::id);
    if (at != moved.end() && at->id == each.id) each.index = at->index;
  }
}

std::vector<channel_id> session_rooms::channels() const {
  std::vector<channel_id> out;
  for (const auto& each : subscriptions_) out.push_back(each.id);
  return out;
}

std::vector<std::string> session_rooms::names() const {
  std::vector<std::string> out;
  for (const auto& each : subscriptions_)
    if (is_open_room(each)) out.push_back(each.channel->name);
  return out;
}

bool session_rooms::contains(const std::string& room) const {
  return any_of([&](const std::string& name) { return name == room; });
}

subscription* session_rooms::find(const std::string& room) {
  const auto found = std::find_if(
      subscriptions_.begin(), subscriptions_.end(),
      [&](const subscription& each) { return is_open_room(each) && each.channel->name == room; });
  return found == subscriptions_.end() ? nullptr : &*found;
}

join_under_way* session_rooms::find_join(const std::string& room) {
  if (!joins_) return nullptr;
  const auto found = std::ranges::find_if(*joins_, [&](const join_under_way& each) {
    return std::ranges::find(each.rooms, room) != each.rooms.end();
  });
  return found == joins_->end() ? nullptr : &*found;
}

bool session_rooms::take_news() noexcept { return !std::exchange(told_, true); }

void session_rooms::stored(std::vector<std::string> rooms) {
  auto here = names();
  std::sort(here.begin(), here.end());
  std::sort(rooms.begin(), rooms.end());
  told_ = here == rooms;
}

// -- joins ----------------------------------------------------------------------------------------

void session_rooms::asked_for(std::uint64_t request, const std::vector<wanted_channel>& channels,
                              std::optional<std::string> ref_json) {
  join_under_way pending{request, {}, std::move(ref_json), channels.size()};
  for (const auto& wanted : channels)
    if (!wanted.again) pending.rooms.push_back(wanted.channel->name);
  if (!joins_) joins_ = std::make_unique<std::vector<join_under_way>>();
  joins_->push_back(std::move(pending));
}

std::optional<join_under_way> session_rooms::answered(std::uint64_t request) {
  if (!joins_) return std::nullopt;
  const auto found = std::find_if(joins_->begin(), joins_->end(), [&](const join_under_way& each) {
    return each.request == request;
  });
  if (found == joins_->end()) return std::nullopt;
  auto out = std::move(*found);
  joins_->erase(found);
  if (joins_->empty()) joins_.reset();
  return out;
}

std::size_t session_rooms::channels_under_way() const {
  std::size_t out = 0;
  if (joins_)
    for (const auto& each : *joins_) out += each.channels;
  return out;
}

// -- what follows from commands, tokens and the roster --------------------------------------------

result<std::vector<wanted_channel>> session_rooms::subscribe(const std::vector<std::string>& rooms,
                                                             bool with_past,
                                                             const net::identity& identity,
                                                             std::size_t most) {
  const index here(*this);
  for (const auto& room : rooms)
    if (!net::may_join(identity, room) && !here.in(room))
      return error{errc::forbidden, "room \"" + room + "\" is not allowed by the token"};
  if (here.count_with(rooms) > most) return net::too_many_rooms(most);
  if (channels_under_way() + rooms.size() > 2 * most)
    return error{errc::rate_limited, "too many rooms are being joined; wait for their acks"};
  std::vector<wanted_channel> out;
  for (const auto& room : rooms) {
    const auto* in = here.in(room);
    const bool there = here.want_pending(room, true) || in;
    if (there && !with_past) continue;
    // The token allows what was before a membership of the roster.
    const auto since = in && !net::may_join(identity, room) ? in->since : 0;
    out.push_back({std::make_shared<channel>(room_channel(identity.tenant, room)), since,
                   in && in->from_roster, there});
  }
  return out;
}

std::vector<channel_id> session_rooms::unsubscribe(const std::vector<std::string>& rooms) {
  const index here(*this);
  for (const auto& room : rooms) here.want_pending(room, false);
  return leave(rooms);
}

std::vector<channel_id> session_rooms::leave(const std::vector<std::string>& rooms) {
  std::vector<channel_id> out;
  const index here(*this);
  for (const auto& room : rooms)
    if (auto* in = here.in(room); in && !in->leaving) {
      in->leaving = true;
      out.push_back(in->id);
    }
  return out;
}

std::vector<channel_id> session_rooms::renew(const net::identity& identity) {
  std::vector<std::string> forbidden;
  for (const auto& each : subscriptions_)
    if (each.channel->kind == channel_kind::room && !each.from_roster &&
        !net::may_join(identity, each.channel->name))
      forbidden.push_back(each.channel->name);
  if (joins_)
    for (auto& join : *joins_)
      for (const auto& room : join.rooms)
        if (join.ref_json && !net::may_join(identity, room)) join.unwanted.insert(room);
  return leave(forbidden);
}

session_rooms::roster_step session_rooms::follow(const roster_changed& change,
                                                 const net::identity& identity) {
  auto* const in = find(change.room);
  const bool own = own_room(identity, change.room);
  auto* const pending = find_join(change.room);
  if (pending) pending->want(change.room, change.member || own);
  if (!change.member) {
    if (!in || !in->from_roster) return {};
    in->from_roster = false;
    if (own) return {};
    in->leaving = true;
    return {{in->id}, {}};
  }
  if (in) in->from_roster = true;
  if (in || pending) return {};
  return {{},
          wanted_channel{std::make_shared<channel>(room_channel(identity.tenant, change.room)),
                         change.since, true}};
}

std::vector<std::string> session_rooms::forbidden(const std::vector<std::string>& former,
                                                  const net::identity& identity) const {
  const auto here = names();
  const std::unordered_set<std::string_view> in(here.begin(), here.end());
  std::vector<std::string> out;
  for (const auto& room : former)
    if (!in.contains(room) && !net::may_join(identity, room)) out.push_back(room);
  return out;
}

}  // namespace starling::actors
