// What passes through an open connection: events to its client, and what is asked of it, by that
// client (WebSocket), by the roster, with a new token.
#include <algorithm>

#include "actors/session/connection.hpp"
#include "net/base/user_mark.hpp"
#include "net/io/io_loop.hpp"
#include "net/wire/codec.hpp"
#include "net/wire/encoders.hpp"

namespace starling::actors {

// -- events -------------------------------------------------------------------------------------

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

// -- commands -----------------------------------------------------------------------------------

void connection::obey(net::ws_command command) {
  if (closing_ || !transport_) return;
  using type = net::ws_command::type;
  switch (command.action) {
    case type::ping:
      return transport_->send(net::encode_pong(transport_->format(), command.ref_json));
    case type::subscribe: return subscribe(command);
    case type::unsubscribe:
      leave_channels(rooms_.unsubscribe(command.rooms));
      return transport_->send(net::encode_ack(transport_->format(), command.ref_json, {}));
    case type::publish: return publish(std::move(command));
    case type::presence: {
      const auto state = parse_presence(command.state);
      if (!state)
        return transport_->send(net::encode_error(transport_->format(), command.ref_json,
                                                  {errc::malformed, std::string(presence_rule)}));
      show(*state);
      return transport_->send(net::encode_ack(transport_->format(), command.ref_json, {}));
    }
    case type::auth: {
      const auto fresh = node_.verify_token(command.token);
      const auto done = fresh ? renew(*fresh) : result<void>(fresh.error());
      return transport_->send(
          done ? net::encode_ack(transport_->format(), command.ref_json,
                                 net::to_json(net::renewed{identity_->user.str()}))
               : net::encode_error(transport_->format(), command.ref_json, done.error()));
    }
  }
}

void connection::subscribe(const net::ws_command& command) {
  const auto& from = command.last_event_id;
  auto channels = rooms_.subscribe(command.rooms, from.has_value(), *identity_,
                                   node_.options.sessions.max_rooms);
  if (!channels)
    return transport_->send(
        net::encode_error(transport_->format(), command.ref_json, channels.error()));
  std::optional<cursor> resume;
  std::vector<net::lost_room> lost;
  if (const auto at = from ? parse_cursor(*from) : std::nullopt)
    resume = at->at;
  else if (from)
    lost.push_back({"*", "bad_cursor"});
  outbox_.wait_for_join(terms());
  join_more(std::move(*channels), resume, std::move(lost), command.ref_json);
}

void connection::publish(net::ws_command command) {
  auto batch = std::make_shared<net::publish_batch>();
  batch->items.push_back(std::move(command.item));
  node_.publishers[loop_.index()].send(
      publish_request{identity_, std::move(batch), event_source::ws,
                      [me = self(), ref = command.ref_json](auto verdicts) {
                        me.send(publish_done{ref, std::move(verdicts[0])});
                      }});
}

void connection::acknowledge(const std::string& ref_json, const net::publish_verdict& verdict) {
  if (closing_ || !transport_) return;
  transport_->send(verdict ? net::encode_ack(transport_->format(), ref_json, net::to_json(verdict))
                           : net::encode_error(transport_->format(), ref_json, verdict.error()));
}

void connection::confirm_subscription(const std::string& ref, const joined& answer,
                                      std::size_t replayed) {
  const net::subscribed told{answer.position, answer.resumed, replayed, answer.lost};
  transport_->send(net::encode_ack(transport_->format(), ref, net::to_json(told)));
}

// -- rooms --------------------------------------------------------------------------------------

void connection::on(roster_changed& change) {
  if (!transport_) {
    if (opening_) opening_->roster_changes.push_back(change);
    return;
  }
  auto step = rooms_.follow(change, *identity_);
  leave_channels(std::move(step.leave));
  // All since then, however late this node heard of it.
  if (step.join)
    join_more({std::move(*step.join)}, cursor{node_.here(identity_->tenant).epoch, change.since},
              {}, std::nullopt);
}

void connection::join_more(std::vector<wanted_channel> channels, std::optional<cursor> resume,
                           std::vector<net::lost_room> lost, std::optional<std::string> ref_json) {
  join request{.connection = self(),
               .shard = loop_.index(),
               .session = session_,
               .opening = false,
               .request = rooms_.next_request(),
               .channels = std::move(channels),
               .resume = resume,
               .lost = std::move(lost)};
  rooms_.asked_for(request.request, request.channels, std::move(ref_json));
  node_.bridge_of(identity_->tenant).send(std::move(request));
}

void connection::leave_channels(std::vector<channel_id> channels) {
  if (!channels.empty())
    node_.fanouts[loop_.index()].send(leave{session_->id, std::move(channels)});
}

result<void> connection::renew(const net::identity_ptr& fresh) {
  if (fresh->user != identity_->user || fresh->tenant != identity_->tenant)
    return error{errc::forbidden, "the new token is for another user or tenant"};
  identity_ = fresh;
  clock_.renewed();
  leave_channels(rooms_.renew(*identity_));
  if (transport_) arm();
  return {};
}

}  // namespace starling::actors
