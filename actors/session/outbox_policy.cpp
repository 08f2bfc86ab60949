#include "actors/session/outbox_policy.hpp"

#include <algorithm>
#include <utility>

namespace starling::actors {

namespace {
/// What may wait for a join, in outboxes.
constexpr std::size_t outboxes_waiting = 10;
}  // namespace

void event_backlog::push(publication_ptr event) {
  bytes += event->event().data.size();
  events.push_back(std::move(event));
}

publication_ptr event_backlog::pop() {
  auto out = std::move(events.front());
  events.pop_front();
  bytes -= out->event().data.size();
  return out;
}

outbox_policy::state& outbox_policy::made() {
  if (!state_) state_ = std::make_unique<state>();
  return *state_;
}

event_backlog& outbox_policy::waiting() {
  auto& backlog = made().backlog;
  if (!backlog) backlog.emplace();
  return *backlog;
}

outbox_budget::share& outbox_policy::share(const outbox_terms& terms) {
  auto& share = made().share;
  if (!share) share.emplace(terms.budget, user_channel(terms.user->tenant, terms.user->user.str()));
  return *share;
}

void outbox_policy::tidy() noexcept {
  if (state_ && !state_->backlog && !state_->share && state_->dropped == 0) state_.reset();
}

bool outbox_policy::fits_budget(const transport_load& now, std::size_t more,
                                const outbox_terms& terms) {
  const auto all = held(now.queued);
  auto& mine = share(terms);
  mine.hold(all);
  return mine.fits({all.events + more, all.bytes});
}

outbox_amount outbox_policy::held(const outbox_amount& queued) const noexcept {
  if (!waits() || !state_->backlog->full_outbox) return queued;
  return {queued.events + state_->backlog->events.size(), queued.bytes + state_->backlog->bytes};
}

void outbox_policy::wait_for_join(const outbox_terms& terms) {
  auto& backlog = waiting();
  backlog.limit = std::max(backlog.limit, outboxes_waiting * terms.options.session.events);
}

void outbox_policy::insert_replay(const std::vector<publication_ptr>& events,
                                  const outbox_terms& terms) {
  auto& backlog = waiting();
  for (const auto& each : events) backlog.bytes += each->event().data.size();
  backlog.events.insert(backlog.events.begin(), events.begin(), events.end());
  backlog.limit = backlog.events.size() + outboxes_waiting * terms.options.session.events;
  backlog.full_outbox = false;
}

void outbox_policy::push(publication_ptr event) { waiting().push(std::move(event)); }

bool outbox_policy::overflows(const transport_load& now, const outbox_terms& terms) {
  auto& backlog = waiting();
  if (!backlog.full_outbox) return backlog.events.size() > backlog.limit;
  const auto& limit = terms.options.session;
  const auto all = held(now.queued);
  auto& mine = share(terms);
  mine.hold(all);
  return all.events > limit.events || all.bytes > limit.bytes || !mine.fits(all);
}

void outbox_policy::wait_for_room() {
  made().backlog.emplace();
  state_->backlog->full_outbox = true;
}

outbox_policy::step outbox_policy::next(const transport_load& now, const outbox_terms& terms) {
  if (!waits()) return step::none;
  if (!anything_dropped() && state_->backlog->events.empty()) {
    state_->backlog.reset();
    tidy();
    return step::none;
  }
  const auto& limit = terms.options.session;
  if (now.queued.events >= (limit.events + 1) / 2 || now.queued.bytes >= limit.bytes / 2 ||
      !fits(now, 1, terms))
    return step::for_drain;
  return anything_dropped() ? step::tell : step::send;
}

publication_ptr outbox_policy::pop() { return state_->backlog->pop(); }

std::uint32_t outbox_policy::take_dropped() noexcept {
  const auto out = state_ ? std::exchange(state_->dropped, 0u) : 0u;
  tidy();
  return out;
}

void outbox_policy::account(const outbox_amount& queued) {
  if (state_ && state_->share) state_->share->hold(held(queued));
}

void outbox_policy::drained() noexcept {
  if (!state_) return;
  state_->share.reset();
  tidy();
}

}  // namespace starling::actors
