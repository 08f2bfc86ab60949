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
  again_up_to_ = 0;
  again_.clear();
  settled_by_ = since + again_wait;
}

void stream_source::consumer_away(steady_time now) {
  wanted_ = 0;
  away_ = true;
  retry_ = now + consumer_retry;
}

void stream_source::consumer_found(const consumer_state& found, steady_time now) {
  wanted_ = 0;
  // Who leads it now counts anew how long messages have waited.
  if (std::exchange(away_, false)) settled_by_ = now + again_wait;
  if (found.unacknowledged > unacked_.size()) {
    if (now < settled_by_) {
      retry_ = now + settle_look;
      return;
    }
    again_up_to_ = found.furthest;
    to_come_again_ = found.unacknowledged;
  }
  next_delivery_ = std::max(next_delivery_, found.delivered + 1);
  ready_ = true;
}

bool stream_source::begin_pull(steady_time now, steady_time valid_until) {
  if (valid_until < now + lease::validity - pulls_after_renewal) return false;
  if (wanted_ != 0 && now < pull_over_) return false;
  const bool waits_for_more = again_up_to_ != 0;
  if (unacked_.size() + pull_batch > max_unacked && !waits_for_more) return false;
  wanted_ = pull_batch;
  pull_over_ = now + pull_expires + pull_grace;
  return true;
}

stream_source::messages stream_source::pull_ended(bool regular, steady_time now) {
  wanted_ = 0;
  if (regular) return all_again();  // there is no more of it
  restart(now);                     // the consumer is not what it was
  return {};
}

stream_source::messages stream_source::take(std::uint64_t number, std::string_view reply,
                                            foreign_message message, steady_time now) {
  // After a hole this one is too early: it comes again as well.
  if (next_delivery_ != number) {
    restart(now);
    return {};
  }
  ++next_delivery_;
  messages out;
  const auto sequence = message.number;
  delivery arrived{std::string(reply), std::move(message)};
  if (sequence <= again_up_to_) {
    again_.insert_or_assign(sequence, std::move(arrived));
    if (again_.size() == to_come_again_) out = all_again();
    return out;
  }
  out = all_again();  // nothing new comes before all of it
  begin(std::move(arrived), out);
  return out;
}

/// One that comes again while it is under way is acknowledged once, at the later place.
void stream_source::begin(delivery at, messages& out) {
  const auto sequence = at.message.number;
  if (unacked_.insert_or_assign(sequence, std::move(at.reply)).second)
    out.push_back(std::move(at.message));
}

stream_source::messages stream_source::all_again() {
  messages out;
  again_up_to_ = 0;
  for (auto& [sequence, each] : std::exchange(again_, {})) begin(std::move(each), out);
  return out;
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
  again_.clear();
  wanted_ = 0;
}

}  // namespace starling::cluster
