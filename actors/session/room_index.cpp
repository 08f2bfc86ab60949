#include "actors/session/room_index.hpp"

#include <algorithm>

namespace starling::actors {

connection::room_index::room_index(connection& of) {
  in_.reserve(of.subscriptions_.size());
  for (auto& each : of.subscriptions_)
    if (each.where->kind == channel_kind::room && !each.leaving)
      in_.emplace(each.where->name, &each);
  if (!of.joins_) return;
  for (auto& join : *of.joins_)
    for (const auto& room : join.rooms) joining_.emplace(room, &join);
}

subscription* connection::room_index::in(std::string_view room) const {
  const auto found = in_.find(room);
  return found == in_.end() ? nullptr : found->second;
}

bool connection::room_index::want_pending(const std::string& room, bool wanted) const {
  const auto found = joining_.find(room);
  if (found == joining_.end()) return false;
  auto& unwanted = found->second->unwanted;
  if (wanted)
    unwanted.erase(room);
  else
    unwanted.insert(room);
  return true;
}

std::size_t connection::room_index::count_with(const std::vector<std::string>& more) const {
  const auto fresh = [this](const auto& room) {
    return !in_.contains(room) && !joining_.contains(room);
  };
  const auto joining = std::count_if(joining_.begin(), joining_.end(), [this](const auto& each) {
    return !in_.contains(each.first);
  });
  const auto added = std::count_if(more.begin(), more.end(), fresh);
  return in_.size() + static_cast<std::size_t>(joining) + static_cast<std::size_t>(added);
}

}  // namespace starling::actors
