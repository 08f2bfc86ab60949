/// Whose turn it is to do something, as one node sees it: times and what was heard, no I/O.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "net/base/clock.hpp"

namespace starling::cluster {

/// A lease is an entry of a key-value bucket that its holder renews. The holder believes in it for
/// `validity` from the moment it *asked* for a renewal; the others take it when they have heard
/// none for `patience`, which is longer. So two never hold it, however slow the way is, as long as
/// their clocks run at the same speed.
class lease {
 public:
  static constexpr std::chrono::milliseconds renewal{500};
  static constexpr std::chrono::milliseconds validity{2000};
  static constexpr std::chrono::milliseconds patience{2400};
  /// An entry that another one holds must be seen to stand still for so long: who lives renews it
  /// twice meanwhile. What was heard is not enough, because we may not have heard all.
  static constexpr std::chrono::milliseconds stillness{1000};
  static_assert(stillness >= 2 * renewal && patience / 2 + stillness < patience);

  explicit lease(steady_time now) : last_heard_(now) {}

  /// What was said before is not heard: that is no silence.
  void hears_since(steady_time then) noexcept { hears_since_ = then; }

  bool held() const noexcept { return held_; }
  steady_time valid_until() const noexcept { return valid_until_; }
  std::uint64_t revision() const noexcept { return revision_; }
  /// Empty when nobody holds it.
  const std::string& holder() const noexcept { return holder_; }
  /// When the holder was last heard of.
  steady_time last_heard() const noexcept { return last_heard_; }
  /// A holder of which nothing is heard may have believed in it until then.
  steady_time believed_until() const noexcept { return silent_since() + validity; }

  /// The holder renewed it; it is free when `holder` is empty.
  void heard(std::string holder, steady_time now) {
    if (held_) return;
    holder_ = std::move(holder);
    last_heard_ = now;
    known_ = true;
    looked_ = false;
  }
  /// The entry was looked up. That it has changed since the last look, and nothing was heard, means
  /// that we do not hear well: a sign of life as good as any.
  void looked_up(std::string holder, std::uint64_t revision, steady_time now) {
    if (held_) return;
    if (!known_ || (looked_ && revision != revision_)) last_heard_ = now;
    if (!looked_ || revision != revision_) still_since_ = now;
    holder_ = std::move(holder);
    revision_ = revision;
    known_ = looked_ = true;
  }

  /// Is it time to look the entry up? When nothing is known, when it is free, when there was
  /// silence for half of the time, and when there was for all of it.
  bool look_due(steady_time now) const noexcept {
    if (held_) return false;
    return !known_ || holder_.empty() || silence(now) > patience ||
           (!looked_ && silence(now) > patience / 2);
  }
  /// After looked_up(): may it be taken? A node that was started anew takes what it held before.
  bool takeable(const std::string& self, steady_time now) const noexcept {
    const bool gone = silence(now) > patience && looked_ && now - still_since_ >= stillness;
    return !held_ && known_ && (holder_.empty() || holder_ == self || gone);
  }
  bool renewal_due(steady_time now) const noexcept {
    return held_ && now + validity - valid_until_ >= renewal;
  }
  bool expired(steady_time now) const noexcept { return held_ && now >= valid_until_; }

  /// The entry is ours as of `revision`; `asked`: when that was asked for.
  void taken(const std::string& self, std::uint64_t revision, steady_time asked) {
    held_ = known_ = looked_ = true;
    holder_ = self;
    revision_ = revision;
    last_heard_ = asked;
    valid_until_ = asked + validity;
  }
  /// It is somebody else's, or nobody's.
  void lost(steady_time now) {
    held_ = known_ = looked_ = false;
    holder_.clear();
    last_heard_ = now;
  }

 private:
  steady_time silent_since() const noexcept { return std::max(last_heard_, hears_since_); }
  steady_clock::duration silence(steady_time now) const noexcept { return now - silent_since(); }

  bool held_ = false;
  bool known_ = false;   ///< something is known of the entry
  bool looked_ = false;  ///< looked up since the holder was last heard: `revision_` is of then
  std::string holder_;
  std::uint64_t revision_ = 0;
  steady_time last_heard_;
  steady_time hears_since_{};
  steady_time still_since_{};  ///< `revision_` was seen first
  steady_time valid_until_{};
};

}  // namespace starling::cluster
