#include "cluster/ingest/stream_source.hpp"

#include <algorithm>
#include <utility>

namespace starling::cluster {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds consumer_retry{1000};
/// Between two looks at whether what was delivered before is acknowledged.
constexpr milliseconds settle_look{50};
/// The end of a pull is not heard: so long after it should have come the next one begins.
constexpr milliseconds pull_grace{100};

}  // namespace

void stream_source::restart(steady_time since) {
  ready_ = false;
  next_delivery_ = 0;
  settled_by_ = since + again_wait;
}

void stream_source::consumer_away(steady_time now) {
  wanted_ = 0;
  away_ = true;
  retry_ = now + consumer_retry;
}

void stream_source::consumer_found(const consumer_state& found, std::size_t acks_on_their_way,
                                   steady_time now) {
  wanted_ = 0;
  // Who leads it now counts anew how long messages have waited.
  if (std::exchange(away_, false)) settled_by_ = now + again_wait;
  const auto ours = unacked_.size() + acks_on_their_way;
  if (found.unacknowledged > ours && now < settled_by_) {
    retry_ = now + settle_look;
    return;
  }
  next_delivery_ = std::max(next_delivery_, found.delivered + 1);
  ready_ = true;
}

bool stream_source::begin_pull(steady_time now, steady_time valid_until) {
  if (valid_until < now + lease::validity - pulls_after_renewal) return false;
  if (wanted_ != 0 && now < pull_over_) return false;
  if (unacked_.size() + pull_batch > max_unacked) return false;
  wanted_ = pull_batch;
  pull_over_ = now + pull_expires + pull_grace;
  return true;
}

void stream_source::pull_ended(bool regular) {
  wanted_ = 0;
  if (!regular) ready_ = false;  // the consumer is not what it was
}

bool stream_source::begin(const jetstream::delivery& at, std::string_view reply, steady_time now) {
  // After a hole this one is too early: it comes again as well, behind what is missing.
  if (next_delivery_ != at.number) {
    restart(now);
    return false;
  }
  ++next_delivery_;
  // One that comes again while it is under way is acknowledged once, at the later place.
  return unacked_.insert_or_assign(at.seq, std::string(reply)).second;
}

std::optional<std::string> stream_source::settle(std::uint64_t sequence) {
  const auto found = unacked_.find(sequence);
  if (found == unacked_.end()) return std::nullopt;
  std::optional<std::string> acknowledgement(std::move(found->second));
  unacked_.erase(found);
  return acknowledgement;
}

void stream_source::drop() {
  unacked_.clear();
  wanted_ = 0;
}

}  // namespace starling::cluster
