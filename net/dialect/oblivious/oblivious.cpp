#include "net/dialect/oblivious/oblivious.hpp"

#include <charconv>

#include "net/dialect/native/native.hpp"
#include "net/dialect/native/stream_parameters.hpp"
#include "net/dialect/oblivious/statistics.hpp"
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

/// An event, and how long its receiver is told to wait before it reconnects.
struct notice {
  publish_item item;
  std::optional<std::chrono::milliseconds> retry = std::nullopt;
};

constexpr std::uint64_t longest_retry_ms = 24 * 60 * 60 * 1000;

/// A whole number of milliseconds, 1 to a day.
std::optional<std::chrono::milliseconds> read_retry(json_reader& in) {
  std::string digits;
  if (!in.read_compact(digits)) return std::nullopt;
  std::uint64_t ms = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), ms);
  if (failed != std::errc() || end != digits.data() + digits.size() || ms == 0 ||
      ms > longest_retry_ms)
    return std::nullopt;
  return std::chrono::milliseconds(ms);
}

/// Reads `{event?, data, id?, retry?}`; other members are passed over.
result<notice> read_notice(std::string_view body, bool event_required,
                           const publish_limits& limits) {
  json_reader in(body);
  if (in.peek() != json_kind::object)
    return error{errc::malformed, "the body must be a JSON object"};
  notice read;
  auto& out = read.item;
  bool bad_retry = false;
  out.data_is_text = true;
  in.enter();
  for (std::string name; in.next_member(name);) {
    if (name == "data" && in.peek() == json_kind::string)
      in.read_string(out.data);
    else if (name == "event" && in.peek() == json_kind::string)
      in.read_string(out.event);
    else if (name == "id" && in.peek() == json_kind::string)
      in.read_string(out.id);
    else if (name == "retry" && in.peek() != json_kind::null)
      bad_retry = !(read.retry = read_retry(in));
    else
      in.skip();
  }
  if (!in.finish()) return error{errc::malformed, in.failure()};
  if (bad_retry)
    return error{errc::malformed, "retry must be a whole number of milliseconds, 1 to a day"};
  if (out.data.empty()) return error{errc::malformed, "data is required and must be text"};
  if (out.data.size() > limits.max_event_bytes)
    return too_large_event(out.data.size(), limits.max_event_bytes);
  if (out.event.empty() && event_required)
    return error{errc::malformed, "event is required and must be text"};
  if (out.event.empty()) out.event = "message";
  if (!out.id.empty() && !valid_event_id(out.id))
    return error{errc::malformed, "id must be " + std::string(printable_rule)};
  if (reserved_event_name(out.event)) return reserved_event(out.event);
  if (!valid_event_name(out.event))
    return error{errc::malformed, "event must be " + std::string(printable_rule)};
  return read;
}

/// The notice in the request's body, or what to answer instead.
std::optional<notice> admit_notice(http_session& session, bool event_required) {
  auto& x = session.exchange();
  auto& front = session.front();
  auto read = read_notice(x.request.body, event_required, front.settings->limits);
  if (!read) {
    session.answer(refuse_publish(x, front, read.error()));
    return std::nullopt;
  }
  if (auto limited = limit_publish_rate(x, front, 1)) {
    session.answer(std::move(*limited));
    return std::nullopt;
  }
  return std::move(*read);
}

http_response message_response(std::string_view text) {
  http_response out;
  json_writer(out.body).text("message", text);
  return out;
}

error no_client() { return {errc::not_found, "client not found"}; }

/// Whether it is another tenant's, of a node that is gone or never was: one text.
error refusal_of(const error& why) { return why.code == errc::not_found ? no_client() : why; }

void handle_disconnect(std::shared_ptr<http_session> session) {
  const auto id = session_id::parse(session->exchange().route.name);
  if (!id) return session->answer(no_client());
  auto& front = session->front();
  const auto caller = session->exchange().caller;
  auto ticket = std::make_shared<answer_ticket>(std::move(session));
  front.shared->node.close_session(front.loop, caller, *id, [ticket](result<void> closed) {
    if (!closed) return ticket->answer(refusal_of(closed.error()));
    ticket->answer(message_response("disconnected"));
  });
}

void handle_broadcast(std::shared_ptr<http_session> session) {
  auto read = admit_notice(*session, true);
  if (!read) return;
  read->item.target = publish_item::target_kind::all;
  publish_batch batch;
  batch.items.emplace_back(std::move(read->item));
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

void send_item(loop_front& front, const identity_ptr& caller, const session_id& to,
               publish_item item, const std::shared_ptr<answer_ticket>& ticket) {
  front.shared->node.send_to_session(front.loop, caller, to, std::move(item),
                                     [ticket](const publish_verdict& sent) {
                                       if (!sent) return ticket->answer(refusal_of(sent.error()));
                                       ticket->answer(message_response("message sent"));
                                     });
}

void handle_send(std::shared_ptr<http_session> session) {
  auto read = admit_notice(*session, false);
  if (!read) return;
  const auto front = session->shared_front();
  const auto id = session_id::parse(session->exchange().route.name);
  if (!id) return session->answer(refuse_publish(session->exchange(), *front, no_client()));
  const auto caller = session->exchange().caller;
  auto ticket = std::make_shared<answer_ticket>(std::move(session));
  if (!read->retry) return send_item(*front, caller, *id, std::move(read->item), ticket);
  // The line `retry:` goes before the event, so a client reads the two as one.
  front->shared->node.change_session(
      front->loop, caller, *id, {.retry = read->retry},
      [front, caller, id = *id, item = std::move(read->item), ticket](result<void> told) mutable {
        if (!told) {
          front->loop.metrics().publish_refused(told.error().code);
          return ticket->answer(refusal_of(told.error()));
        }
        send_item(*front, caller, id, std::move(item), ticket);
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
  auto broadcast = row(post, "/api/sse/broadcast", access::admin, handle_broadcast, largest_body);
  auto send = row(post, "/api/sse/send/{client}", access::token, handle_send, largest_body);
  broadcast.publishes = send.publishes = true;
  return {
      std::move(connect),
      row(post, "/api/sse/disconnect/{client}", access::token, handle_disconnect, 1024),
      std::move(broadcast),
      std::move(send),
      row(get, "/api/sse/stats", access::admin, handle_stats, 0),
      row(get, "/debug/sse-stats", access::admin, handle_debug_stats, 0),
  };
}

}  // namespace starling::net::oblivious
