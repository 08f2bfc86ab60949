#include "net/front/http_handlers.hpp"

#include <nlohmann/json.hpp>

#include "net/auth/json_guard.hpp"
#include "net/wire/codec.hpp"

namespace starling::net {

namespace {

/// Does an If-None-Match list hold `etag`? Weak comparison.
bool has_etag(std::string_view list, std::string_view etag) noexcept {
  return list == "*" || list.find(etag) != list.npos;
}

void handle_asset(http_session& session) {
  const auto& asset = session.front().shared->assets[session.exchange().where.found->asset];
  http_response out;
  out.headers = "ETag: " + asset.etag + "\r\nCache-Control: no-cache\r\n";
  if (has_etag(session.exchange().request.get(header::if_none_match).value_or(""), asset.etag)) {
    out.status = 304;
  } else {
    out.content_type = asset.what.content_type;
    out.fixed_body = asset.what.content;
  }
  session.answer(std::move(out));
}

/// live: this thread answers, which is all it takes.
void handle_health(http_session& session, endpoint which) {
  const auto state = session.front().shared->node.health();
  bool checks_ok = true;
  std::string checks;
  for (const auto& [name, ok, detail] : state.checks) {
    checks_ok = checks_ok && ok;
    if (!checks.empty()) checks += ',';
    checks += "{\"name\":" + net::quoted(name) + ",\"ok\":" + (ok ? "true" : "false") +
              ",\"detail\":" + net::quoted(detail) + '}';
  }
  const bool good = which == endpoint::livez    ? true
                    : which == endpoint::readyz ? state.ready
                                                : checks_ok;
  http_response out;
  out.status = good ? 200 : 503;
  out.body = std::string("{\"status\":\"") + (good ? "ok" : "unavailable") + "\",\"checks\":[" +
             checks + "]}";
  out.headers = "Cache-Control: no-store\r\n";
  session.answer(std::move(out));
}

void handle_metrics(http_session& session) {
  http_response out;
  out.content_type = "text/plain; version=0.0.4; charset=utf-8";
  out.body = session.front().shared->node.metrics_text();
  session.answer(std::move(out));
}

void call_service(std::shared_ptr<http_session> session, api_request request) {
  auto& front = session->front();
  auto ticket = std::make_shared<answer_ticket>(std::move(session));
  front.shared->node.call(front.loop, std::move(request), [ticket](api_reply reply) {
    const auto asker = ticket->settle();
    if (!asker) return;
    http_response out;
    out.status = reply.status;
    out.body = std::move(reply.body);
    if (out.status >= 400 && asker->exchange().where.found->plain_error) make_error_plain(out.body);
    if (out.status == 503) out.headers = "Retry-After: 1\r\n";
    asker->answer(std::move(out));
  });
}

api_request request_for(http_exchange& x, api_op op) {
  api_request out{.op = op,
                  .who = x.who,
                  .new_token = nullptr,
                  .name = std::move(x.where.name),
                  .member = std::move(x.where.member),
                  .query = {},
                  .body = std::move(x.request.body)};
  for (const auto& [name, value] : x.request.query().all()) out.query.emplace(name, value);
  return out;
}

void handle_api(std::shared_ptr<http_session> session) {
  auto& x = session->exchange();
  const auto& where = x.where;
  if (where.found->room_name && !valid_room(where.name))
    return session->answer(error{
        errc::malformed, "the room in the path is not a room name: 1-128 of [A-Za-z0-9._~:/@-]"});
  if (where.found->room_name && !where.member.empty() && !valid_user(where.member))
    return session->answer(error{
        errc::malformed, "the user in the path is not a user id: 1-128 of [A-Za-z0-9._~@:-]"});
  const auto op = where.found->op;
  if (op == api_op::sse_broadcast || op == api_op::sse_send)
    if (auto refused = refuse_notice(x, session->front()))
      return session->answer(std::move(*refused));
  call_service(std::move(session), request_for(x, op));
}

/// The new token speaks for its bearer: the old one may have expired already.
void handle_session_token(std::shared_ptr<http_session> session) {
  auto& x = session->exchange();
  std::string token;
  if (!x.request.body.empty()) {
    const auto body = parse_object(x.request.body);
    if (!body || !body->contains("token") || !(*body)["token"].is_string())
      return session->answer(
          error{errc::malformed, "the body must be empty or {\"token\":\"<the new token>\"}"});
    token = (*body)["token"].get<std::string>();
  } else {
    token = token_of(x.request, x.cors.cookie);
  }
  auto who = authenticate(session->front(), token);
  if (!who) return session->answer(who.error());
  x.who = *who;
  auto request = request_for(x, api_op::session_token);
  request.body.clear();
  request.new_token = std::move(*who);
  call_service(std::move(session), std::move(request));
}

}  // namespace

void handle(std::shared_ptr<http_session> session) {
  const auto target = session->exchange().where.found->target;
  switch (target) {
    case endpoint::publish: return handle_publish(std::move(session));
    case endpoint::sse:
    case endpoint::ws: return handle_stream(std::move(session));
    case endpoint::session_token: return handle_session_token(std::move(session));
    case endpoint::api: return handle_api(std::move(session));
    case endpoint::livez:
    case endpoint::readyz:
    case endpoint::healthz: return handle_health(*session, target);
    case endpoint::metrics: return handle_metrics(*session);
    case endpoint::asset: return handle_asset(*session);
  }
}

}  // namespace starling::net
