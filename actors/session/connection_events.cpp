// Events on their way to the transport: live ones, replays, and what happens when they do not fit.
#include <algorithm>
#include <set>
#include <tuple>

#include "actors/base/gap.hpp"
#include "actors/session/connection.hpp"
#include "net/base/log.hpp"
#include "net/base/user_mark.hpp"
#include "net/wire/encoders.hpp"

namespace starling::actors {

void connection::fit_in(const joined& answer, std::vector<publication_ptr>& events,
                        bool asked_for) {
  std::erase_if(events, [&](const publication_ptr& past) {  // unsubscribed meanwhile
    return std::any_of(answer.channels.begin(), answer.channels.end(), [&](const auto& wanted) {
      return wanted.again && *wanted.where == past->what().where && !in_room(wanted.where->name);
    });
  });
  if (asked_for) {
    // What came live while the past was fetched is in it. (A late event's copies may differ in
    // their sequence, then one's is the other's id.)
    std::set<std::tuple<sequence, std::string_view, std::string_view>> known;
    for (const auto& past : events)
      for (const auto seq : {past->seq(), past->at().seq})
        known.emplace(seq, past->what().id, past->what().where.name);
    const auto is_known = [&](const publication_ptr& live) {
      const auto& what = live->what();
      return live->stored() && what.where.kind == channel_kind::room &&
             (known.contains({live->seq(), what.id, what.where.name}) ||
              known.contains({live->at().seq, what.id, what.where.name}));
    };
    if (waiting_) std::erase_if(waiting_->events, is_known);
    return;
  }
  // A roster's room: its past must not move the client's position back.
  for (auto& past : events)
    if (past->at().seq < cursor_.seq)
      past = std::make_shared<publication>(event(past->what()), cursor_, past->seq());
  for (const auto& lost : answer.lost)
    transport_->send(net::encode_notice(transport_->format(), "gap",
                                        gap_json(lost.reason, lost.room), cursor_.str()));
}

void connection::queue_replay(const std::vector<publication_ptr>& events) {
  auto& waiting = *waiting_;
  waiting.events.insert(waiting.events.begin(), events.begin(), events.end());
  waiting.limit = waiting.events.size() + 10 * node_.options.outbox.session.events;
  waiting.full_outbox = false;
  pump();
}

void connection::take(batch& events) {
  if (closing_ || !alive()) return;
  if (!waiting_ && !view_ && events.uniform() && outbox_holds(events.events().size()))
    return send_events(events.joined(transport_->format()), events.through());
  for (const auto& what : events.events()) take(what);
}

void connection::take(const publication_ptr& what) {
  if (closing_ || !alive()) return;
  if (!waiting_) return write(what);
  waiting_->push(what);
  if (transport_ && overflows()) relieve_outbox();
}

void connection::write(const publication_ptr& what) {
  if (!outbox_holds(1)) {
    transport_->flush_now();  // many events in one pass are not the peer's fault
    if (!outbox_holds(1)) return outbox_is_full(what);
  }
  hand_over(what);
}

void connection::hand_over(const publication_ptr& what) {
  send_events(wanted(*what) ? what->frame_for(transport_->format()) : frame(), what->at());
}

void connection::send_events(const frame& bytes, const cursor& through) {
  // With an id of the new life of the store the client would come back as if it had missed nothing.
  if (through.epoch != cursor_.epoch)
    return say_goodbye({close_code::draining, std::nullopt, std::nullopt, anew_reason});
  if (bytes) transport_->send(bytes);
  if (through.seq <= cursor_.seq) return;
  cursor_ = through;
  ask_to_save();
}

bool connection::wanted(const publication& published) const {
  const auto& what = published.what();
  if (view_ && !view_->shows(what)) return false;
  if (what.exclude.empty() && what.earlier_targets.empty()) return true;
  const auto excludes = [&](const session_id& id) {
    return std::find(what.exclude.begin(), what.exclude.end(), id) != what.exclude.end();
  };
  if (!what.exclude.empty() &&
      (excludes(session_->id) || excludes(user_mark(session_->who->user.str()))))
    return false;
  if (what.earlier_targets.empty()) return true;
  return std::none_of(subscriptions_.begin(), subscriptions_.end(), [&](const subscription& m) {
    return m.where->kind == channel_kind::room && !m.leaving && published.went_to(m.where->name);
  });
}

void connection::pump() {
  if (!transport_ || !waiting_ || joins_unanswered_ > 0 || closing_) return;
  const auto& limit = node_.options.outbox.session;
  while (dropped_ > 0 || !waiting_->events.empty()) {
    if (transport_->queued_items() >= (limit.events + 1) / 2 ||
        transport_->queued_bytes() >= limit.bytes / 2 || !outbox_holds(1))
      return transport_->notify_when_drained();
    if (dropped_ > 0)
      tell_of_dropped();
    else
      hand_over(waiting_->pop());
  }
  waiting_.reset();
}

void connection::backlog::push(const publication_ptr& what) {
  bytes += what->what().data.size();
  events.push_back(what);
}

publication_ptr connection::backlog::pop() {
  auto out = std::move(events.front());
  events.pop_front();
  bytes -= out->what().data.size();
  return out;
}

// -- what does not fit --------------------------------------------------------------------------

bool connection::outbox_holds(std::size_t more) {
  const auto limit = node_.options.outbox.handed_over();
  const outbox_amount now{transport_->queued_items(), transport_->queued_bytes()};
  if (now.events + more > limit.events || now.bytes >= limit.bytes) return false;
  if (!transport_->held_up()) return true;
  const auto all = in_outbox();
  held_up_share().hold(all);
  return held_up_->fits({all.events + more, all.bytes});
}

outbox_amount connection::in_outbox() const {
  const outbox_amount out{transport_->queued_items(), transport_->queued_bytes()};
  if (!waiting_ || !waiting_->full_outbox) return out;
  return {out.events + waiting_->events.size(), out.bytes + waiting_->bytes};
}

outbox_budget::share& connection::held_up_share() {
  if (!held_up_)
    held_up_ = std::make_unique<outbox_budget::share>(node_.outboxes,
                                                      user_channel(who_->tenant, who_->user.str()));
  return *held_up_;
}

bool connection::overflows() {
  if (!waiting_->full_outbox) return waiting_->events.size() > waiting_->limit;
  const auto& limit = node_.options.outbox.session;
  const auto all = in_outbox();
  held_up_share().hold(all);
  return all.events > limit.events || all.bytes > limit.bytes || !held_up_->fits(all);
}

void connection::drained() {
  held_up_.reset();
  pump();
}

void connection::outbox_is_full(const publication_ptr& what) {
  if (!node_.options.outbox.drop_oldest) return relieve_outbox();
  waiting_ = std::make_unique<backlog>();
  waiting_->full_outbox = true;
  transport_->notify_when_drained();
  take(what);
}

void connection::relieve_outbox() {
  if (node_.options.outbox.drop_oldest) return drop_oldest();
  loop_.metrics().dropped[static_cast<std::size_t>(drop_reason::slow_consumer)].add();
  say_goodbye({close_code::slow_consumer, std::nullopt, std::nullopt});
}

void connection::drop_oldest() {
  auto dropped = transport_->drop_queued();
  while (waiting_->events.size() > 1 && overflows()) {
    const auto oldest = waiting_->pop();
    if (wanted(*oldest)) ++dropped;
    if (oldest->at().seq > cursor_.seq) cursor_ = oldest->at();
  }
  dropped_ += static_cast<std::uint32_t>(dropped);
  loop_.metrics().dropped[static_cast<std::size_t>(drop_reason::oldest)].add(dropped);
}

void connection::tell_of_dropped() {
  if (dropped_ == 0) return;
  const auto dropped = std::to_string(std::exchange(dropped_, 0u));
  // At the last of them: what comes next is behind it.
  transport_->send(net::encode_notice(transport_->format(), "gap",
                                      R"({"reason":"slow_consumer","dropped":)" + dropped + '}',
                                      cursor_.str()));
}

}  // namespace starling::actors
