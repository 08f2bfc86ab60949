// Events on their way to the transport: live ones, and those that had to wait.
#include <algorithm>

#include "actors/session/connection.hpp"
#include "net/base/user_mark.hpp"
#include "net/io/io_loop.hpp"
#include "net/wire/codec.hpp"
#include "net/wire/encoders.hpp"

namespace starling::actors {

void connection::take(batch& events) {
  if (closing_ || !alive()) return;
  if (!outbox_.waits() && !view_ && events.uniform() &&
      outbox_.fits(load(), events.events().size(), terms()))
    return send_events(events.joined(transport_->format()), events.position());
  for (const auto& each : events.events()) take(each);
}

void connection::take(const publication_ptr& event) {
  if (closing_ || !alive()) return;
  if (!outbox_.waits()) return write(event);
  outbox_.push(event);
  if (transport_ && outbox_.overflows(load(), terms())) relieve_outbox();
}

void connection::write(const publication_ptr& event) {
  if (!outbox_.fits(load(), 1, terms())) {
    transport_->flush_now();  // many events in one pass are not the peer's fault
    if (!outbox_.fits(load(), 1, terms())) return outbox_is_full(event);
  }
  hand_over(event);
}

void connection::outbox_is_full(const publication_ptr& event) {
  if (!node_.options.outbox.drop_oldest) return relieve_outbox();
  outbox_.wait_for_room();
  transport_->notify_when_drained();
  take(event);
}

void connection::hand_over(const publication_ptr& event) {
  send_events(wanted(*event) ? event->frame_for(transport_->format()) : frame(), event->at());
}

void connection::send_events(const frame& bytes, const cursor& position) {
  // With an id of the new life of the store the client would come back as if it had missed nothing.
  if (!position_.same_life(position))
    return say_goodbye({close_code::draining, std::nullopt, std::nullopt, anew_reason});
  if (bytes) transport_->send(bytes);
  if (position_.advance(position))
    node_.fanouts[loop_.index()].send(position_changed{session_->id});
}

bool connection::wanted(const publication& published) const {
  const auto& event = published.event();
  if (view_ && !view_->shows(event)) return false;
  if (event.exclude.empty() && event.earlier_targets.empty()) return true;
  const auto excludes = [&](const session_id& id) {
    return std::find(event.exclude.begin(), event.exclude.end(), id) != event.exclude.end();
  };
  if (!event.exclude.empty() &&
      (excludes(session_->id) || excludes(user_mark(session_->identity->user.str()))))
    return false;
  if (event.earlier_targets.empty()) return true;
  return !rooms_.any_of([&](const std::string& room) { return published.went_to(room); });
}

void connection::drained() {
  outbox_.drained();
  pump();
}

void connection::pump() {
  if (!transport_ || rooms_.joining()) return;
  while (!closing_) {
    switch (outbox_.next(load(), terms())) {
      case outbox_policy::step::none: return;
      case outbox_policy::step::for_drain: return transport_->notify_when_drained();
      case outbox_policy::step::tell: tell_of_dropped(); break;
      case outbox_policy::step::send: hand_over(outbox_.pop()); break;
    }
  }
}

void connection::relieve_outbox() {
  auto& dropped = loop_.metrics().dropped;
  if (!node_.options.outbox.drop_oldest) {
    dropped[static_cast<std::size_t>(drop_reason::slow_consumer)].add();
    return say_goodbye(close_code::slow_consumer);
  }
  const auto there = transport_->drop_queued();
  const auto gone = outbox_.drop_oldest(load(), terms(), there, [&](const publication& oldest) {
    if (position_.advance(oldest.at())) ask_to_save();
    return wanted(oldest);
  });
  dropped[static_cast<std::size_t>(drop_reason::oldest)].add(gone);
}

void connection::tell_of_dropped() {
  const auto dropped = outbox_.take_dropped();
  if (dropped == 0) return;
  // At the last of them: what comes next is behind it.
  transport_->send(net::encode_notice(transport_->format(), "gap",
                                      net::to_json(net::dropped{dropped}), position_.at().str()));
}

}  // namespace starling::actors
