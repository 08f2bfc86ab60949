#include "net/front/stream_answer.hpp"

#include "net/front/http_handlers.hpp"
#include "net/front/stream_admission.hpp"
#include "net/stream/stream_transport.hpp"
#include "net/wire/encoders.hpp"
#include "net/wire/ws_frame.hpp"

namespace starling::net {

namespace {

constexpr std::string_view last_chunk = "0\r\n\r\n";

void append_client_id(std::string& out, std::string_view client_id) {
  if (!client_id.empty()) out.append("X-Client-ID: ").append(client_id).append("\r\n");
}

std::string ws_head(const http_exchange& x, std::string_view client_id) {
  std::string out =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: ";
  out.append(ws_accept_key(x.request.get(header::ws_key).value_or(""))).append("\r\n");
  if (list_contains(x.request.get(header::ws_protocol).value_or(""), ws_subprotocol))
    out.append("Sec-WebSocket-Protocol: ").append(ws_subprotocol).append("\r\n");
  append_client_id(out, client_id);
  append_ids(out, x.ids);
  return out.append("\r\n");
}

}  // namespace

std::string sse_head(const http_exchange& x, std::string_view client_id, bool ends) {
  std::string out =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
      "Cache-Control: no-cache, no-transform\r\nX-Accel-Buffering: no\r\n";
  end_sse_head(out, x, client_id, ends);
  return out;
}

void end_sse_head(std::string& head, const http_exchange& x, std::string_view client_id,
                  bool ends) {
  append_client_id(head, client_id);
  if (x.request.http11) head.append("Transfer-Encoding: chunked\r\n");
  if (ends || !x.request.http11) head.append("Connection: close\r\n");
  append_cors(head, x.cors);
  append_ids(head, x.ids);
  head.append("\r\n");
}

stream_answer::stream_answer(std::shared_ptr<http_session> session, const stream_request& request)
    : owed_(std::move(session)),
      format_(request.format),
      heartbeat_event_(request.heartbeat_event),
      since_last_(request.since_last),
      position_(request.last_event_id.value_or("")) {}

std::unique_ptr<transport> stream_answer::accept(const connected& hello,
                                                 transport_observer& observer) {
  const auto session = owed_.settle();
  if (!session) return nullptr;
  return is_ws(format_) ? accept_ws(*session, hello.client_id.str(), observer)
                        : accept_sse(*session, hello, observer);
}

std::string stream_answer::sse_head_of(const http_exchange& x, const connected* hello) const {
  return hello ? sse_head(x, hello->client_id.str()) : sse_head(x, {}, true);
}

std::unique_ptr<transport> stream_answer::accept_sse(http_session& session, const connected& hello,
                                                     transport_observer& observer) {
  auto stream = session.release();
  if (!stream) return nullptr;
  auto head = sse_head_of(session.exchange(), &hello);
  sse_options options{.format = format_,
                      .chunked = session.exchange().request.http11,
                      .heartbeats = heartbeats_of(format_, hello, heartbeat_event_),
                      .slot = session.slot()};
  auto& loop = session.front().loop;
  if (stream->is_tls())
    return make_sse_transport(loop, stream->take_tls(), std::move(head), std::move(options),
                              observer);
  return make_sse_transport(loop, stream->take_plain(), std::move(head), std::move(options),
                            observer);
}

std::unique_ptr<transport> stream_answer::accept_ws(http_session& session,
                                                    const std::string& client_id,
                                                    transport_observer& observer) {
  auto stream = session.release();
  if (!stream) return nullptr;
  auto head = ws_head(session.exchange(), client_id);
  const auto& settings = *session.front().settings;
  ws_options options{.format = format_,
                     .max_message_bytes = settings.ws_max_message_bytes,
                     .limits = settings.limits,
                     .publish_wait =
                         [front = session.shared_front(),
                          key = publisher_key(session.exchange())](std::size_t targets) {
                           return front->shared->publishes.take(key, static_cast<double>(targets),
                                                                front->settings->publish_rate,
                                                                steady_clock::now());
                         },
                     .already_read = std::string(session.unread_input()),
                     .slot = session.slot()};
  auto& loop = session.front().loop;
  if (stream->is_tls())
    return make_ws_transport(loop, stream->take_tls(), std::move(head), std::move(options),
                             observer);
  return make_ws_transport(loop, stream->take_plain(), std::move(head), std::move(options),
                           observer);
}

void stream_answer::refuse(const goodbye& why) {
  const auto session = owed_.settle();
  if (!session) return;
  auto& x = session->exchange();
  session->front().refusals.stream(x, why.code, steady_clock::now());
  auto goodbye = why;
  goodbye.position = position_after_refusal(why.position);
  const auto bytes = encode_goodbye(format_, goodbye);
  if (is_ws(format_)) {
    const auto& row = info(why.code);
    const auto close = make_ws_close(row.websocket_code, row.code);
    auto answer = ws_head(x, {});
    insert_retry_after(answer, why.retry);
    return session->answer_last(std::move(answer.append(bytes.whole()).append(close.whole())));
  }
  if (!accepts_event_stream(x.request.get(header::accept)))
    return session->answer(
        retry_response({why.status, why.reason}, why.retry, x.route.plain_errors()));
  auto answer = sse_head_of(x, nullptr);
  insert_retry_after(answer, why.retry);
  if (x.request.method == http_method::head) return session->answer_last(std::move(answer));
  if (x.request.http11)
    answer.append(bytes.whole()).append(last_chunk);
  else
    answer.append(bytes.body());
  session->answer_last(std::move(answer));
}

/// Nothing was delivered, and the client takes the id of this goodbye for its position: it keeps
/// the one it has. Without any it stands where this node does (`here`), but with since=last at its
/// last session, which may be earlier. What is no cursor must not become one: the loss is still to
/// be told.
cursor stream_answer::position_after_refusal(const cursor& here) const {
  if (const auto at = parse_cursor(position_)) return at->at;
  if (!position_.empty()) return lost_cursor;
  return since_last_ || here.epoch == 0 ? fresh_cursor : here;
}

void stream_answer::fail(const error& why) { owed_.answer(why); }

}  // namespace starling::net
