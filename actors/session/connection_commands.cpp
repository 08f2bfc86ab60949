// What is asked of a connection: by a WebSocket client, by the roster, with a new token.
#include "actors/session/connection.hpp"
#include "net/wire/codec.hpp"
#include "net/wire/encoders.hpp"

namespace starling::actors {

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
