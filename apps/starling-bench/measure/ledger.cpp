#include "apps/starling-bench/measure/ledger.hpp"

#include <algorithm>
#include <utility>

namespace starling::bench {

std::uint32_t ledger::add_audience(std::string name, bool user) {
  rooms_.push_back({std::move(name), user, 0, std::vector<std::uint32_t>(lanes_)});
  return audiences() - 1;
}

std::uint32_t ledger::add_session(std::uint32_t audience) {
  sessions_.push_back({audience, false, 0});
  last_.resize(sessions_.size() * lanes_);
  return static_cast<std::uint32_t>(sessions_.size() - 1);
}

std::uint64_t ledger::behind(std::uint32_t session) const {
  const auto& sent = rooms_[sessions_[session].audience].sent;
  std::uint64_t sum = 0;
  for (std::uint32_t lane = 0; lane < lanes_; ++lane) {
    sum += sent[lane] - last_[session * lanes_ + lane];
  }
  return sum;
}

void ledger::join(std::uint32_t session) {
  auto& state = sessions_[session];
  if (std::exchange(state.joined, true)) return;
  ++rooms_[state.audience].members;
  expected_ += static_cast<std::int64_t>(behind(session));
}

void ledger::leave(std::uint32_t session) {
  auto& state = sessions_[session];
  if (!std::exchange(state.joined, false)) return;
  --rooms_[state.audience].members;
  expected_ -= static_cast<std::int64_t>(behind(session));
}

std::uint64_t ledger::next(std::uint32_t audience, std::uint32_t lane) {
  auto& to = rooms_[audience];
  expected_ += to.members;
  return std::uint64_t{++to.sent[lane]} * lanes_ + lane;
}

void ledger::refused(std::uint32_t audience, std::uint64_t n) {
  expected_ -= rooms_[audience].members;
  refused_[audience].push_back(n);
}

void ledger::received(std::uint32_t session, std::uint64_t n) {
  ++delivered_;
  ++seen_;
  auto& state = sessions_[session];
  const auto lane = static_cast<std::uint32_t>(n % lanes_);
  const auto sequence = static_cast<std::uint32_t>(n / lanes_);
  auto& last = last_[session * lanes_ + lane];
  if (sequence <= last) return late(session, lane, sequence);
  if (sequence > last + 1) {
    gaps_.push_back({session, lane, last + 1, sequence});
    seen_ += sequence - last - 1;  // no longer waited for
  }
  last = sequence;
  state.order = (state.order ^ n) * 0x9e3779b97f4a7c15u;
}

void ledger::late(std::uint32_t session, std::uint32_t lane, std::uint32_t sequence) {
  --seen_;
  for (auto& hole : gaps_) {
    if (hole.session != session || hole.lane != lane) continue;
    if (sequence < hole.from || sequence >= hole.to) continue;
    ++tally_.reordered;
    const gap above{session, lane, sequence + 1, hole.to};
    hole.to = sequence;
    if (above.from < above.to) gaps_.push_back(above);
    return;
  }
  ++tally_.duplicated;
}

std::uint64_t ledger::refused_in(const gap& missing) const {
  const auto found = refused_.find(sessions_[missing.session].audience);
  if (found == refused_.end()) return 0;
  return static_cast<std::uint64_t>(
      std::count_if(found->second.begin(), found->second.end(), [&](std::uint64_t n) {
        return n % lanes_ == missing.lane && n / lanes_ >= missing.from && n / lanes_ < missing.to;
      }));
}

tally ledger::close() {
  for (std::uint32_t session = 0; session < sessions_.size(); ++session) {
    if (!sessions_[session].joined) continue;
    const auto& sent = rooms_[sessions_[session].audience].sent;
    for (std::uint32_t lane = 0; lane < lanes_; ++lane) {
      const auto last = last_[session * lanes_ + lane];
      if (last < sent[lane]) gaps_.push_back({session, lane, last + 1, sent[lane] + 1});
    }
  }
  for (const auto& hole : gaps_) {
    tally_.lost += hole.to - hole.from - refused_in(hole);
  }
  // A session with a hole is counted as that already, and has another order by necessity.
  for (const auto& hole : gaps_) sessions_[hole.session].joined = false;
  std::unordered_map<std::uint32_t, std::uint64_t> first;
  for (const auto& state : sessions_) {
    if (!state.joined) continue;
    const auto [at, fresh] = first.try_emplace(state.audience, state.order);
    if (!fresh && at->second != state.order) ++tally_.disagreements;
  }
  return tally_;
}

}  // namespace starling::bench
