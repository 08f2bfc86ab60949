// Events on their way to the transport: live ones, replays, and what happens when they do not fit.
#include <algorithm>
#include <caf/send.hpp>
#include <set>
#include <tuple>

#include "actors/connection.hpp"
#include "actors/gap.hpp"
#include "net/base/log.hpp"
#include "net/wire/encoders.hpp"

namespace starling::actors {

void connection::fit_in(join_ticket& ticket, bool asked_for) {
  auto& replay = ticket.replay;
  std::erase_if(replay, [&](const publication_ptr& past) {  // unsubscribed meanwhile
    return std::any_of(ticket.channels.begin(), ticket.channels.end(), [&](const auto& wanted) {
      return wanted.again && *wanted.where == past->what().where && !in_room(wanted.where->name);
    });
  });
  if (asked_for) {
    // What came live while the past was fetched is in it. (A late event's copies may differ in
    // their sequence, then one's is the other's id.)
    std::set<std::tuple<sequence, std::string_view, std::string_view>> known;
    for (const auto& past : replay)
      for (const auto seq : {past->seq(), past->at().seq})
        known.emplace(seq, past->what().id, past->what().where.name);
    const auto is_known = [&](const publication_ptr& live) {
      const auto& what = live->what();
      return live->stored() && what.where.kind == channel_kind::room &&
             (known.contains({live->seq(), what.id, what.where.name}) ||
              known.contains({live->at().seq, what.id, what.where.name}));
    };
    if (waiting_) {
      const auto next = waiting_->events.begin() + static_cast<std::ptrdiff_t>(waiting_->next);
      waiting_->events.erase(std::remove_if(next, waiting_->events.end(), is_known),
                             waiting_->events.end());
    }
    return;
  }
  // A roster's room: its past must not move the client's position back.
  for (auto& past : replay)
    if (past->at().seq < cursor_.seq)
      past = std::make_shared<publication>(event(past->what()), cursor_, past->seq());
  for (const auto& lost : ticket.lost)
    transport_->send(net::encode_notice(transport_->format(), "gap",
                                        gap_json(lost.reason, lost.room), cursor_.str()));
}

void connection::queue_replay(const join_ticket& ticket) {
  waiting_->events.insert(waiting_->events.begin() + static_cast<std::ptrdiff_t>(waiting_->next),
                          ticket.replay.begin(), ticket.replay.end());
  waiting_->limit = waiting_->events.size() + 10 * node_.options.outbox.session.events;
  pump();
}

void connection::deliver(batch& events) {
  if (closing_ || !alive()) return;
  if (!waiting_ && events.uniform() && outbox_holds(events.events().size()))
    return send_events(events.joined(transport_->format()), events.through());
  for (const auto& what : events.events()) deliver(what);
}

void connection::deliver(const publication_ptr& what) {
  if (closing_ || !alive()) return;
  if (!waiting_) return write(what);
  waiting_->events.push_back(what);
  if (transport_ && waiting_->events.size() - waiting_->next > waiting_->limit) relieve_outbox();
}

void connection::write(const publication_ptr& what) {
  if (!outbox_holds(1)) {
    transport_->flush_now();  // many events in one pass are not the peer's fault
    if (!outbox_holds(1)) relieve_outbox();
    if (closing_) return;
  }
  send_events(wanted(what->what()) ? what->frame_for(transport_->format()) : frame(), what->at());
}

void connection::send_events(const frame& bytes, const cursor& through) {
  if (bytes) transport_->send(bytes);
  if (through.seq <= cursor_.seq) return;
  cursor_ = through;
  ask_to_save();
}

bool connection::wanted(const event& what) const {
  if (what.exclude.empty() && what.earlier_targets.empty()) return true;
  if (std::find(what.exclude.begin(), what.exclude.end(), session_->id) != what.exclude.end())
    return false;
  return std::none_of(what.earlier_targets.begin(), what.earlier_targets.end(),
                      [&](const std::string& room) { return in_room(room); });
}

void connection::pump() {
  if (!transport_ || !waiting_ || joins_unanswered_ > 0 || closing_) return;
  const auto& outbox = node_.options.outbox;
  while (waiting_->next < waiting_->events.size()) {
    if (transport_->queued_items() >= (outbox.session.events + 1) / 2 ||
        transport_->queued_bytes() >= outbox.session.bytes / 2 || !outbox_holds(1))
      return transport_->notify_when_drained();
    write(waiting_->events[waiting_->next++]);
  }
  waiting_.reset();
}

bool connection::outbox_holds(std::size_t more) {
  const auto& limit = node_.options.outbox.session;
  const outbox_amount now{transport_->queued_items(), transport_->queued_bytes()};
  if (now.events + more > limit.events || now.bytes >= limit.bytes) return false;
  if (!transport_->held_up()) return true;
  if (!held_up_)
    held_up_ = std::make_unique<outbox_budget::share>(node_.outboxes,
                                                      user_channel(who_->tenant, who_->user.str()));
  held_up_->hold(now);
  return held_up_->fits({now.events + more, now.bytes});
}

void connection::on_drained() {
  held_up_.reset();
  pump();
}

void connection::relieve_outbox() {
  auto& metrics = metrics_of(loop_);
  if (!node_.options.outbox.drop_oldest) {
    metrics.dropped[static_cast<std::size_t>(drop_reason::slow_consumer)].add();
    return say_goodbye({close_code::slow_consumer, std::nullopt, std::nullopt});
  }
  auto dropped = transport_->drop_queued();
  if (waiting_) {
    dropped += waiting_->events.size() - waiting_->next;
    for (const auto& lost : waiting_->events)
      if (lost->seq() > cursor_.seq) cursor_ = lost->at();
    waiting_->events.clear();
    waiting_->next = 0;
  }
  metrics.dropped[static_cast<std::size_t>(drop_reason::oldest)].add(dropped);
  transport_->send(net::encode_notice(
      transport_->format(), "gap",
      "{\"reason\":\"slow_consumer\",\"dropped\":" + std::to_string(dropped) + "}", cursor_.str()));
}

}  // namespace starling::actors
