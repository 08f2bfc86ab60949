#include "actors/bridge/live_channels.hpp"

namespace starling::actors {

live_channel* live_channels::find(const channel& channel) noexcept {
  const auto found = by_name_.find(channel);
  return found == by_name_.end() ? nullptr : slots_[slot_of(found->id)];
}

live_channel* live_channels::find(channel_id id) noexcept {
  const auto slot = slot_of(id);
  auto* const found = slot < slots_.size() ? slots_[slot] : nullptr;
  return found && found->id == id ? found : nullptr;
}

live_channel& live_channels::add(const channel_ptr& channel) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.push_back(nullptr);
  }
  const auto slot = free_.back();
  const auto id =
      ++number_ << (slot_bits + partition_bits) | cluster::index_of(partition_) << slot_bits | slot;
  const auto& fresh = *by_name_.insert({channel, id}).first;
  free_.pop_back();
  return *(slots_[slot] = const_cast<live_channel*>(&fresh));
}

void live_channels::remove(const live_channel& gone) {
  const auto slot = slot_of(gone.id);
  slots_[slot] = nullptr;
  free_.push_back(static_cast<std::uint32_t>(slot));
  by_name_.erase(by_name_.find(*gone.channel));
}

live_channel* live_channels::next(std::size_t& slot) noexcept {
  while (++slot < slots_.size())
    if (slots_[slot]) return slots_[slot];
  return nullptr;
}

}  // namespace starling::actors
