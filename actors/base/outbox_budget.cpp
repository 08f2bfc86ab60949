#include "actors/base/outbox_budget.hpp"

namespace starling::actors {

namespace {
constexpr auto relaxed = std::memory_order_relaxed;

/// Whether `wanted` is at most what is left of `limit` then; others hold `sum` less `mine`.
bool leaves_as_much(std::size_t wanted, std::size_t sum, std::size_t mine, std::size_t limit) {
  return 2 * wanted + (sum - mine) <= limit;
}
}  // namespace

void outbox_budget::account::change(const outbox_amount& from, const outbox_amount& to) noexcept {
  events.fetch_add(to.events - from.events, relaxed);  // wraps around for less: unsigned
  bytes.fetch_add(to.bytes - from.bytes, relaxed);
}

bool outbox_budget::account::leaves(const outbox_amount& wanted, const outbox_amount& mine,
                                    const outbox_amount& limit) const noexcept {
  return leaves_as_much(wanted.events, events.load(relaxed), mine.events, limit.events) &&
         leaves_as_much(wanted.bytes, bytes.load(relaxed), mine.bytes, limit.bytes);
}

outbox_budget::share::share(outbox_budget& of, const channel& user)
    : of_(of), user_(user), sum_([&]() -> account& {
        const std::lock_guard guard(of.lock_);
        auto& found = of.users_[user];
        ++found.shares;
        return found;
      }()) {}

outbox_budget::share::~share() {
  hold({});
  const std::lock_guard guard(of_.lock_);
  if (--sum_.shares == 0) of_.users_.erase(user_);
}

void outbox_budget::share::hold(outbox_amount now) noexcept {
  of_.all_.change(mine_, now);
  sum_.change(mine_, now);
  mine_ = now;
}

bool outbox_budget::share::fits(outbox_amount wanted) const noexcept {
  return sum_.leaves(wanted, mine_, of_.limits_.user) &&
         of_.all_.leaves(wanted, mine_, of_.limits_.node);
}

outbox_amount outbox_budget::held() const noexcept {
  return {all_.events.load(relaxed), all_.bytes.load(relaxed)};
}

}  // namespace starling::actors
