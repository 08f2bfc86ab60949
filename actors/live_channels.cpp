#include "actors/live_channels.hpp"

namespace starling::actors {

live_channel* live_channels::find(const channel& where) noexcept {
  const auto found = by_name_.find(&where);
  return found == by_name_.end() ? nullptr : &found->second;
}

live_channel* live_channels::find(feed_id id) noexcept {
  const auto slot = slot_of(id);
  auto* const found = slot < slots_.size() ? slots_[slot] : nullptr;
  return found && found->id == id ? found : nullptr;
}

live_channel& live_channels::add(const channel_ptr& where) {
  auto& fresh = by_name_.try_emplace(where.get()).first->second;
  fresh.where = where;
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.push_back(nullptr);
  }
  fresh.id = ++number_ << 32 | free_.back();
  slots_[free_.back()] = &fresh;
  free_.pop_back();
  return fresh;
}

void live_channels::remove(const live_channel& what) {
  const auto slot = slot_of(what.id);
  slots_[slot] = nullptr;
  free_.push_back(static_cast<std::uint32_t>(slot));
  const auto where = what.where;  // the key, until it is erased
  by_name_.erase(where.get());
}

live_channel* live_channels::next(std::size_t& slot) noexcept {
  while (++slot < slots_.size())
    if (slots_[slot]) return slots_[slot];
  return nullptr;
}

}  // namespace starling::actors
