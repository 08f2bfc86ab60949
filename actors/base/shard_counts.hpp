/// How many sessions of a channel sit on which shard.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <vector>

namespace starling::actors {

/// Only shards that have some are kept, and a single one (as most users have) takes no allocation,
/// however many shards there are: 16 bytes. Plain state.
class shard_counts {
 public:
  struct count {
    std::uint32_t shard = 0;
    std::uint32_t sessions = 0;
    friend bool operator==(const count&, const count&) = default;
  };

  shard_counts() = default;
  shard_counts(std::initializer_list<count> counts) {
    for (const auto& each : counts) add(each.shard, each.sessions);
  }
  shard_counts(const shard_counts& other) : only_(other.only_) {
    if (other.several_) several_ = std::make_unique<std::vector<count>>(*other.several_);
  }
  shard_counts(shard_counts&&) noexcept = default;
  shard_counts& operator=(shard_counts other) noexcept {
    only_ = other.only_;
    several_ = std::move(other.several_);
    return *this;
  }

  /// Shards with sessions, in no order.
  std::span<const count> counts() const noexcept {
    if (several_) return *several_;
    return {&only_, only_.sessions > 0 ? 1u : 0u};
  }
  bool empty() const noexcept { return counts().empty(); }
  std::size_t total() const noexcept {
    std::size_t out = 0;
    for (const auto& each : counts()) out += each.sessions;
    return out;
  }

  void add(std::uint32_t shard, std::uint32_t sessions = 1) {
    if (!several_ && (only_.sessions == 0 || only_.shard == shard)) {
      only_ = {shard, only_.sessions + sessions};
      return;
    }
    if (!several_) several_ = std::make_unique<std::vector<count>>(1, only_);
    const auto at = place(shard);
    if (at != several_->end())
      at->sessions += sessions;
    else
      several_->push_back({shard, sessions});
  }
  /// One session less on a shard that has some.
  void remove(std::uint32_t shard) {
    if (!several_) {
      --only_.sessions;
      return;
    }
    const auto at = place(shard);
    if (--at->sessions > 0) return;
    several_->erase(at);
    if (several_->size() > 1) return;
    only_ = several_->front();
    several_.reset();
  }

 private:
  std::vector<count>::iterator place(std::uint32_t shard) {
    return std::find_if(several_->begin(), several_->end(),
                        [&](const count& each) { return each.shard == shard; });
  }

  count only_;  ///< while there are not several
  std::unique_ptr<std::vector<count>> several_;
};

}  // namespace starling::actors
