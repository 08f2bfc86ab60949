#include "net/dialect/native/native.hpp"
#include "net/dialect/native/stream_parameters.hpp"
#include "net/front/http_handlers.hpp"
#include "net/front/stream_admission.hpp"
#include "net/front/stream_answer.hpp"
#include "net/front/stream_opening.hpp"

namespace starling::net::native {

namespace {

http_response wrong_version_response(const error& why) {
  auto out = error_response(why, false);
  out.status = 426;
  out.headers = "Sec-WebSocket-Version: 13\r\n";
  return out;
}

/// What GET would say, without opening anything.
void handle_head(std::shared_ptr<http_session> session, const stream_request& request,
                 const stream_origin& origin) {
  auto& front = session->front();
  if (const auto no = cannot_open_stream(front, origin, request.identity->tenant))
    return stream_answer(std::move(session), request).refuse(*no);
  const auto allowed = front.shared->node.check(request);
  if (!allowed) return session->answer(allowed.error());
  session->answer_head(sse_head(session->exchange(), {}));
}

}  // namespace

void handle_stream(std::shared_ptr<http_session> session, transport_kind kind,
                   std::optional<wire_format> named) {
  auto& front = session->front();
  const auto& x = session->exchange();
  const bool ws = kind == transport_kind::ws;
  const auto origin = origin_of(x);

  if (ws) {
    bool wrong_version = false;
    if (const auto shaken = check_ws_handshake(x.request, wrong_version); !shaken) {
      if (wrong_version) return session->answer(wrong_version_response(shaken.error()));
      return session->answer(shaken.error());
    }
  } else if (told_to_stay_away(x.request)) {
    http_response stay_away;
    stay_away.status = 204;
    return session->answer(std::move(stay_away));
  }
  auto request = parse_stream_request(x.request, kind, x.caller, remote_text(x.remote),
                                      front.settings->limits.max_rooms, front.settings->formats);
  if (!request) return session->answer(request.error());
  if (const auto* asked = x.request.query().find("format"); named && (!asked || *asked == "named"))
    request->format = *named;
  if (x.request.method == http_method::head)
    return handle_head(std::move(session), *request, origin);

  auto responder = std::make_unique<stream_answer>(std::move(session), *request);
  open_stream(front, origin, std::move(*request), std::move(responder));
}

std::vector<route> stream_routes() {
  static constexpr std::string_view sse_paths[] = {
      "/events", "/stream", "/sse", "/api/events", "/realtime/events", "/realtime/sse"};
  std::vector<route> out{
      {.path = "/ws",
       .needs = access::token,
       .run = [](auto session) { handle_stream(std::move(session), transport_kind::ws); },
       .precheck = check_stream_parameters}};
  for (const auto path : sse_paths)
    out.push_back(
        {.path = std::string(path),
         .needs = access::token,
         .run = [](auto session) { handle_stream(std::move(session), transport_kind::sse); },
         .precheck = check_stream_parameters});
  return out;
}

}  // namespace starling::net::native
