#include "net/dialect/oblivious/oblivious.hpp"

#include "net/dialect/native/native.hpp"
#include "net/dialect/native/stream_parameters.hpp"
#include "net/front/http_handlers.hpp"
#include "net/wire/encoders.hpp"
#include "net/wire/json_reader.hpp"
#include "net/wire/json_writer.hpp"
#include "net/wire/sse_text.hpp"

namespace starling::net::oblivious {

namespace {

/// The native stream; its first event has `timestamp` besides.
frame encode_hello(const connected& hello, std::chrono::milliseconds retry) {
  auto& out = wire_scratch();
  append_sse_retry(out, retry);
  out += "event: connected\n";
  append_sse_line(out, "id: ", hello.position.str());
  std::string data;
  {
    json_writer object(data);
    object.members(to_json(hello));
    object.number("timestamp", hello.server_time_ms);
  }
  append_sse_data(out, data);
  out += '\n';
  return sse_frame(out);
}

wire_format stream_format() {
  static const wire_format format = add_format(
      {.event = [](const event& event,
                   std::string_view id) { return encode_event(wire_format::sse_named, event, id); },
       .connected = encode_hello,
       .goodbye =
           [](const goodbye& goodbye) { return encode_goodbye(wire_format::sse_named, goodbye); },
       .notice =
           [](std::string_view name, std::string_view json, std::string_view id) {
             return encode_notice(wire_format::sse_named, name, json, id);
           }});
  return format;
}

/// Reads `{event?, data, id?}`; other members are passed over.
result<publish_item> read_notice(std::string_view body, bool event_required,
                                 const publish_limits& limits) {
  json_reader in(body);
  if (in.peek() != json_kind::object)
    return error{errc::malformed, "the body must be a JSON object"};
  publish_item out;
  out.data_is_text = true;
  in.enter();
  for (std::string name; in.next_member(name);) {
    if (name == "data" && in.peek() == json_kind::string)
      in.read_string(out.data);
    else if (name == "event" && in.peek() == json_kind::string)
      in.read_string(out.event);
    else if (name == "id" && in.peek() == json_kind::string)
      in.read_string(out.id);
    else
      in.skip();
  }
  if (!in.finish()) return error{errc::malformed, in.failure()};
  if (out.data.empty()) return error{errc::malformed, "data is required and must be text"};
  if (out.data.size() > limits.max_event_bytes)
    return too_large_event(out.data.size(), limits.max_event_bytes);
  if (out.event.empty() && event_required)
    return error{errc::malformed, "event is required and must be text"};
  if (out.event.empty()) out.event = "message";
  if (!out.id.empty() && !valid_event_id(out.id))
    return error{errc::malformed, "id must be 1-128 bytes without control characters"};
  if (reserved_event_name(out.event)) return reserved_event(out.event);
  if (!valid_event_name(out.event))
    return error{errc::malformed, "event must be 1-128 bytes without control characters"};
  return out;
}

/// The item of the request's body, or what to answer instead.
std::optional<publish_item> admit_notice(http_session& session, bool event_required) {
  auto& x = session.exchange();
  auto& front = session.front();
  auto item = read_notice(x.request.body, event_required, front.settings->limits);
  if (!item) {
    session.answer(refuse_publish(x, front, item.error()));
    return std::nullopt;
  }
  if (auto limited = limit_publish_rate(x, front, 1)) {
    session.answer(std::move(*limited));
    return std::nullopt;
  }
  return std::move(*item);
}

http_response message_response(std::string_view text) {
  http_response out;
  json_writer(out.body).text("message", text);
  return out;
}

error no_client() { return {errc::not_found, "client not found"}; }

/// Whether it is another tenant's, of a node that is gone or never was: one text.
error refusal_of(const error& why) { return why.code == errc::not_found ? no_client() : why; }

std::optional<session_id> session_in_path(http_session& session) {
  const auto id = session_id::parse(session.exchange().route.name);
  if (!id) session.answer(no_client());
  return id;
}

void handle_disconnect(std::shared_ptr<http_session> session) {
  const auto id = session_in_path(*session);
  if (!id) return;
  auto& front = session->front();
  const auto caller = session->exchange().caller;
  auto ticket = std::make_shared<answer_ticket>(std::move(session));
  front.shared->node.close_session(front.loop, caller, *id, [ticket](result<void> closed) {
    if (!closed) return ticket->answer(refusal_of(closed.error()));
    ticket->answer(message_response("disconnected"));
  });
}

void handle_broadcast(std::shared_ptr<http_session> session) {
  auto item = admit_notice(*session, true);
  if (!item) return;
  item->target = publish_item::target_kind::all;
  publish_batch batch;
  batch.items.emplace_back(std::move(*item));
  batch.traceparent = session->exchange().ids.traceparent;
  auto& front = session->front();
  const auto caller = session->exchange().caller;
  auto ticket = std::make_shared<answer_ticket>(std::move(session));
  front.shared->node.publish(front.loop, caller, std::move(batch),
                             [ticket](std::vector<publish_verdict> verdicts) {
                               if (verdicts.empty()) return;  // the ticket answers: 500
                               if (!verdicts.front())
                                 return ticket->answer(verdicts.front().error());
                               ticket->answer(message_response("broadcast sent"));
                             });
}

void handle_send(std::shared_ptr<http_session> session) {
  auto item = admit_notice(*session, false);
  if (!item) return;
  const auto id = session_in_path(*session);
  if (!id) return;
  auto& front = session->front();
  const auto caller = session->exchange().caller;
  auto ticket = std::make_shared<answer_ticket>(std::move(session));
  front.shared->node.send_to_session(front.loop, caller, *id, std::move(*item),
                                     [ticket](publish_verdict sent) {
                                       if (!sent) return ticket->answer(refusal_of(sent.error()));
                                       ticket->answer(message_response("message sent"));
                                     });
}

void handle_stats(std::shared_ptr<http_session> session) {
  auto& front = session->front();
  const auto caller = session->exchange().caller;
  auto ticket = std::make_shared<answer_ticket>(std::move(session));
  front.shared->node.statistics(front.loop, caller, [ticket](result<node_stats> all) {
    if (!all) return ticket->answer(all.error());
    http_response out;
    {
      json_writer object(out.body);
      json_writer statistics(object.value("statistics"));
      statistics.number("active_connections", all->sessions);
      statistics.number("total_connections", all->opened);
      statistics.number("total_messages", all->deliveries);
      statistics.number("total_bytes", all->bytes_out);
    }
    ticket->answer(std::move(out));
  });
}

route row(http_method method, const char* path, access needs, route_handler run,
          std::size_t max_body) {
  return {.method = method,
          .path = path,
          .needs = needs,
          .run = std::move(run),
          .max_body = max_body,
          .query = "",
          .errors = error_style::plain};
}

}  // namespace

std::vector<route> routes() {
  using enum http_method;
  auto connect = row(
      get, "/api/sse/connect", access::token,
      [](auto session) {
        native::handle_stream(std::move(session), transport_kind::sse, stream_format());
      },
      0);
  connect.query.reset();
  connect.errors = error_style::json;  // those of the stream
  connect.precheck = native::check_stream_parameters;
  return {
      std::move(connect),
      row(post, "/api/sse/disconnect/{client}", access::token, handle_disconnect, 1024),
      row(post, "/api/sse/broadcast", access::admin, handle_broadcast, largest_body),
      row(post, "/api/sse/send/{client}", access::token, handle_send, largest_body),
      row(get, "/api/sse/stats", access::admin, handle_stats, 0),
  };
}

}  // namespace starling::net::oblivious
