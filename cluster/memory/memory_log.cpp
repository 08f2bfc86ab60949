#include "cluster/memory/memory_log.hpp"

#include <algorithm>
#include <cassert>
#include <mutex>
#include <utility>

#include "cluster/subjects.hpp"

namespace starling::cluster {

memory_log::memory_log(partition_id partition, std::shared_ptr<memory_lock> lock, memory_bus& bus,
                       const history_limits& limits)
    : partition_(partition),
      lock_(std::move(lock)),
      bus_(bus),
      limits_(limits),
      epoch_(static_cast<epoch_id>(wall_ns() / 1000)) {}

void memory_log::append(event event, completion<append_ack> done) {
  assert(!event.id.empty());
  const auto key = dedupe_id(event.channel, event.id);
  append_ack ack;
  {
    const std::lock_guard hold(*lock_);
    const auto now = steady_clock::now();
    forget_old(now);
    ack = store(std::move(event), key, now);
  }
  done(ack);
}

append_ack memory_log::store(event event, const std::string& key, steady_time now) {
  if (const auto seen = seen_keys_.find(key); seen != seen_keys_.end())
    return {epoch_, seen->second, true};

  const auto [entry, fresh] = channels_.try_emplace(event.channel);
  auto& history = entry->second;
  if (fresh) history.dropped_up_to = aged_up_to_;
  stored_event stored{++last_, history.held.empty() ? 0 : history.held.back(), std::move(event)};
  history.held.push_back(last_);
  seen_keys_.emplace(key, last_);
  key_ages_.push_back({now, key});
  const auto at = events_.emplace_hint(events_.end(), last_, record{std::move(stored), now});
  if (limits_.max_events_per_channel != 0 && history.held.size() > limits_.max_events_per_channel)
    drop_oldest_of(at->second.stored.event.channel);
  const append_ack ack{epoch_, last_, false};
  bus_.deliver(partition_, at->second.stored);
  return ack;
}

void memory_log::drop_oldest_of(const channel& channel) {
  auto& history = channels_.at(channel);
  history.dropped_up_to = history.held.front();
  history.held.pop_front();
  events_.erase(history.dropped_up_to);
}

void memory_log::forget_old(steady_time now) {
  while (!key_ages_.empty() && now - key_ages_.front().at >= limits_.dedupe_window) {
    seen_keys_.erase(key_ages_.front().key);
    key_ages_.pop_front();
  }
  if (limits_.max_age.count() == 0) return;
  while (!events_.empty() && now - events_.begin()->second.at >= limits_.max_age) {
    const auto oldest = events_.begin();
    const auto at = channels_.find(oldest->second.stored.event.channel);
    aged_up_to_ = oldest->first;
    at->second.dropped_up_to = oldest->first;
    at->second.held.pop_front();
    if (at->second.held.empty()) channels_.erase(at);
    events_.erase(oldest);
  }
}

void memory_log::read(channel channel, sequence after, sequence up_to, std::size_t limit,
                      completion<log_page> done) {
  log_page out;
  {
    const std::lock_guard hold(*lock_);
    forget_old(steady_clock::now());
    out = page(channel, after, up_to, limit);
  }
  done(std::move(out));
}

log_page memory_log::page(const channel& channel, sequence after, sequence up_to,
                          std::size_t limit) const {
  log_page out;
  const auto at = channels_.find(channel);
  if (at == channels_.end()) {
    out.dropped = after != 0 && after < aged_up_to_;
    return out;
  }
  const auto& history = at->second;
  if (after < history.held.back()) out.oldest = history.held.front();
  out.dropped = after != 0 && after < history.dropped_up_to;
  out.full =
      limits_.max_events_per_channel != 0 && history.held.size() >= limits_.max_events_per_channel;
  auto next = std::upper_bound(history.held.begin(), history.held.end(), after);
  for (; next != history.held.end() && *next <= up_to; ++next) {
    if (out.events.size() == limit) {
      out.more = true;
      break;
    }
    auto& event = out.events.emplace_back(events_.at(*next).stored);
    event.previous = out.events.size() > 1 ? out.events[out.events.size() - 2].seq : 0;
  }
  return out;
}

void memory_log::last(channel channel, completion<sequence> done) {
  sequence out = 0;
  {
    const std::lock_guard hold(*lock_);
    forget_old(steady_clock::now());
    const auto at = channels_.find(channel);
    if (at != channels_.end()) out = at->second.held.back();
  }
  done(out);
}

void memory_log::state(completion<log_state> done) {
  log_state out;
  {
    const std::lock_guard hold(*lock_);
    forget_old(steady_clock::now());
    out = {epoch_, events_.empty() ? last_ + 1 : events_.begin()->first, last_};
  }
  done(out);
}

}  // namespace starling::cluster
