#include "cluster/ingest/core_source.hpp"

#include <chrono>

#include "net/base/log.hpp"

namespace starling::cluster {

namespace {

constexpr std::chrono::milliseconds loss_log_interval{5000};

}  // namespace

/// Handed over: the last holder has all before its mark. Dead: messages with ids are ingested again
/// from further back, the store knows which it has; of others nobody knows, and none is ingested
/// twice.
std::vector<core_source::message> core_source::take_over(const predecessor& before) {
  auto heard = buffer_.take(before.handed_over);
  if (!before.died || replayable_) return heard;
  std::uint64_t unknown = 0;
  std::erase_if(heard, [&](const message& each) {
    if (each.sent_after > before.held_until) return false;
    if (each.heard > before.last_heard) ++unknown;
    return true;
  });
  lose(unknown, "the node that ingested them died");
  return heard;
}

std::optional<std::uint64_t> core_source::begin(const message& one) {
  const auto bytes = one.subject.size() + one.body.size() + one.signature.size();
  if (under_way_.size() >= max_under_way || under_way_bytes_ + bytes > max_under_way_bytes) {
    lose(1, "they come faster than they can be stored");
    return std::nullopt;
  }
  const auto number = ++last_number_;
  under_way_.emplace_hint(under_way_.end(), number, bytes);
  under_way_bytes_ += bytes;
  return number;
}

void core_source::settle(std::uint64_t number) {
  const auto found = under_way_.find(number);
  if (found == under_way_.end()) return;
  under_way_bytes_ -= found->second;
  under_way_.erase(found);
}

void core_source::drop() {
  under_way_.clear();
  under_way_bytes_ = 0;
}

void core_source::lose(std::uint64_t count, const char* reason) {
  if (count == 0) return;
  lost_ += count;
  const auto now = steady_clock::now();
  if (now - loss_logged_ < loss_log_interval) return;
  loss_logged_ = now;
  log::warn("foreign messages were lost",
            {{"source", name_}, {"so far", lost_}, {"reason", reason}});
}

}  // namespace starling::cluster
