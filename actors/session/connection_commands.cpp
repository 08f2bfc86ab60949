// What a WebSocket client asks for over its connection.
#include <algorithm>

#include "actors/session/connection.hpp"
#include "actors/session/room_index.hpp"
#include "net/wire/codec.hpp"
#include "net/wire/encoders.hpp"

namespace starling::actors {

void connection::obey(net::ws_command command) {
  if (closing_ || !transport_) return;
  using type = net::ws_command::type;
  switch (command.what) {
    case type::ping:
      return transport_->send(net::encode_pong(transport_->format(), command.ref_json));
    case type::subscribe:
      return subscribe(std::move(command.rooms), command.last_event_id,
                       std::move(command.ref_json));
    case type::unsubscribe: return unsubscribe(command.rooms, command.ref_json);
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
      const auto fields = "{\"user\":" + net::quoted(who_->user.str()) + "}";
      return transport_->send(
          done ? net::encode_ack(transport_->format(), command.ref_json, fields)
               : net::encode_error(transport_->format(), command.ref_json, done.error()));
    }
  }
}

void connection::subscribe(std::vector<std::string> rooms, const std::optional<std::string>& from,
                           std::string ref_json) {
  const room_index here(*this);
  for (const auto& room : rooms)
    if (!net::may_join(*who_, room) && !here.in(room))
      return transport_->send(net::encode_error(
          transport_->format(), ref_json,
          {errc::forbidden, "room \"" + room + "\" is not allowed by the token"}));
  const auto most = node_.options.sessions.max_rooms;
  if (here.count_with(rooms) > most)
    return transport_->send(
        net::encode_error(transport_->format(), ref_json, net::too_many_rooms(most)));
  auto request = next_join();
  for (const auto& room : rooms) {
    const auto* in = here.in(room);
    const bool there = here.want_pending(room, true) || in;
    if (there && !from) continue;
    // The token allows what was before a membership of the roster.
    const auto since = in && !net::may_join(*who_, room) ? in->since : 0;
    request.channels.push_back({std::make_shared<channel>(room_channel(who_->tenant, room)), since,
                                in && in->from_roster, there});
  }
  if (from) {
    if (const auto at = parse_cursor(*from))
      request.resume = at->at;
    else
      request.lost.push_back({"*", "bad_cursor"});
  }
  hold_events();
  send_join(std::move(request), std::move(ref_json));
}

void connection::unsubscribe(const std::vector<std::string>& rooms, const std::string& ref_json) {
  const room_index here(*this);
  for (const auto& room : rooms) here.want_pending(room, false);
  leave_rooms(rooms);
  transport_->send(net::encode_ack(transport_->format(), ref_json, {}));
}

void connection::publish(net::ws_command command) {
  auto batch = std::make_shared<net::publish_batch>();
  batch->items.push_back(std::move(command.item));
  node_.publishers[loop_.index()].send(
      publish_request{who_, std::move(batch), event_source::ws,
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
  std::string lost = "[";
  for (const auto& l : answer.lost) {
    if (lost.size() > 1) lost += ',';
    lost += "{\"room\":" + net::quoted(l.room) + ",\"reason\":" + net::quoted(l.reason) + "}";
  }
  transport_->send(net::encode_ack(transport_->format(), ref,
                                   "{\"position\":" + net::quoted(answer.position.str()) +
                                       ",\"resumed\":" + (answer.resumed ? "true" : "false") +
                                       ",\"replayed\":" + std::to_string(replayed) +
                                       ",\"lost\":" + lost + "]}"));
}

}  // namespace starling::actors
