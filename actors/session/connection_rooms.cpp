// Which rooms a session is in, and how it comes to others.
#include <algorithm>

#include "actors/base/access.hpp"
#include "actors/session/connection.hpp"
#include "actors/session/room_index.hpp"

namespace starling::actors {

std::vector<member_place> connection::drop_subscriptions(std::vector<channel_id> gone) {
  std::sort(gone.begin(), gone.end());
  std::vector<member_place> out;
  out.reserve(gone.size());
  std::erase_if(subscriptions_, [&](const subscription& m) {
    if (!std::binary_search(gone.begin(), gone.end(), m.id)) return false;
    out.push_back({m.id, m.index});
    return true;
  });
  if (!out.empty()) rooms_told_ = false;
  return out;
}

void connection::move_subscriptions(std::span<const member_place> moved) {
  for (auto& m : subscriptions_) {
    const auto at = std::ranges::lower_bound(moved, m.id, {}, &member_place::id);
    if (at != moved.end() && at->id == m.id) m.index = at->index;
  }
}

std::vector<channel_id> connection::channels() const {
  std::vector<channel_id> out;
  for (const auto& m : subscriptions_) out.push_back(m.id);
  return out;
}

std::vector<std::string> connection::rooms() const {
  std::vector<std::string> out;
  for (const auto& m : subscriptions_)
    if (m.where->kind == channel_kind::room && !m.leaving) out.push_back(m.where->name);
  return out;
}

bool connection::in_room(const std::string& room) const {
  return std::any_of(subscriptions_.begin(), subscriptions_.end(), [&](const subscription& m) {
    return m.where->kind == channel_kind::room && m.where->name == room && !m.leaving;
  });
}

result<void> connection::renew(const net::identity_ptr& fresh) {
  if (fresh->user != who_->user || fresh->tenant != who_->tenant)
    return error{errc::forbidden, "the new token is for another user or tenant"};
  who_ = fresh;
  expiry_announced_ = false;
  std::vector<std::string> forbidden;
  for (const auto& m : subscriptions_)
    if (m.where->kind == channel_kind::room && !m.from_roster &&
        !net::may_join(*who_, m.where->name))
      forbidden.push_back(m.where->name);
  leave_rooms(forbidden);
  if (joins_)
    for (auto& p : *joins_)
      for (const auto& room : p.rooms)
        if (p.ref_json && !net::may_join(*who_, room)) p.unwanted.insert(room);
  if (transport_) arm();
  return {};
}

void connection::on(roster_changed& change) {
  if (!transport_) {
    if (opening_) opening_->roster_changes.push_back(change);
    return;
  }
  auto* in = find_room(change.room);
  const bool pending =
      room_index(*this).want_pending(change.room, change.member || own_room(change.room));
  if (!change.member) {
    if (!in || !in->from_roster) return;
    in->from_roster = false;
    if (!own_room(change.room)) leave_rooms({change.room});
    return;
  }
  if (in) {
    in->from_roster = true;
    return;
  }
  if (pending) return;
  auto request = next_join();
  request.channels.push_back(
      {std::make_shared<channel>(room_channel(who_->tenant, change.room)), change.since, true});
  // All since then, however late this node heard of it.
  request.resume = cursor{node_.here(who_->tenant).epoch, change.since};
  send_join(std::move(request), std::nullopt);
}

join connection::next_join() {
  join out;
  out.connection = self();
  out.shard = loop_.index();
  out.session = session_;
  out.opening = false;
  out.request = ++last_request_;
  return out;
}

void connection::send_join(join request, std::optional<std::string> ref_json) {
  pending_join pending{request.request, {}, std::move(ref_json), request.channels.size()};
  for (const auto& wanted : request.channels)
    if (!wanted.again) pending.rooms.push_back(wanted.where->name);
  if (!joins_) joins_ = std::make_unique<std::vector<pending_join>>();
  joins_->push_back(std::move(pending));
  ++joins_unanswered_;
  node_.bridge_of(who_->tenant).send(std::move(request));
}

std::size_t connection::channels_under_way() const {
  std::size_t out = 0;
  if (joins_)
    for (const auto& each : *joins_) out += each.channels;
  return out;
}

std::optional<connection::pending_join> connection::take_pending_join(std::uint64_t request) {
  if (!joins_) return std::nullopt;
  const auto found = std::find_if(joins_->begin(), joins_->end(),
                                  [&](const pending_join& p) { return p.request == request; });
  if (found == joins_->end()) return std::nullopt;
  auto out = std::move(*found);
  joins_->erase(found);
  if (joins_->empty()) joins_.reset();
  return out;
}

void connection::leave_rooms(const std::vector<std::string>& rooms) {
  std::vector<channel_id> channels;
  const room_index here(*this);
  for (const auto& room : rooms)
    if (auto* in = here.in(room)) {
      in->leaving = true;
      channels.push_back(in->id);
    }
  if (!channels.empty())
    node_.fanouts[loop_.index()].send(leave{session_->id, std::move(channels)});
}

subscription* connection::find_room(const std::string& room) {
  const auto found = std::find_if(subscriptions_.begin(), subscriptions_.end(), [&](const auto& m) {
    return m.where->kind == channel_kind::room && m.where->name == room && !m.leaving;
  });
  return found == subscriptions_.end() ? nullptr : &*found;
}

bool connection::own_room(const std::string& room) const {
  const auto own = rooms_to_join(*who_, {});
  return std::find(own.begin(), own.end(), room) != own.end();
}

}  // namespace starling::actors
