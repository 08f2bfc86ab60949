// POST /api/session/{client_id}/token, /presence, /publish: what an event stream cannot say. Bodies
// are JSON whatever their type is called, because sendBeacon sends text/plain.
#include "net/dialect/native/native.hpp"
#include "net/front/http_handlers.hpp"
#include "net/wire/codec.hpp"
#include "net/wire/json_reader.hpp"
#include "net/wire/publish_codec.hpp"

namespace starling::net::native {

namespace {

constexpr std::size_t max_token_body = 16 * 1024;

/// Of a body `{"token":"..."}`, read before anything is known of who sent it; other members are
/// passed over.
result<std::string> token_in(std::string_view body) {
  json_reader in(body);
  std::optional<std::string> token;
  if (in.peek() == json_kind::object) {
    in.enter();
    for (std::string name; in.next_member(name);) {
      if (name != "token" || in.peek() != json_kind::string)
        in.skip();
      else
        in.read_string(token.emplace());
    }
  }
  if (in.finish() && token) return std::move(*token);
  return error{errc::malformed, "the body must be empty or {\"token\":\"<the new token>\"}"};
}

/// The new token speaks for its bearer: the old one may have expired already.
void handle_session_token(std::shared_ptr<http_session> session) {
  auto& x = session->exchange();
  auto& front = session->front();
  result<std::string> given = std::string();
  if (!x.request.body.empty()) given = token_in(x.request.body);
  if (!given) return session->answer(given.error());
  auto fresh =
      given->empty() ? authenticate(front, x.request, x.cors.cookie) : authenticate(front, *given);
  if (!fresh) return session->answer(fresh.error());
  const auto id = session_id::parse(x.route.name);
  if (!id) return session->answer(no_session(x.route.name));
  const auto expires = (*fresh)->expires_s;
  auto ticket = std::make_shared<answer_ticket>(std::move(session));
  front.shared->node.renew_session(
      front.loop, std::move(*fresh), *id, [ticket, expires](result<void> renewed) {
        if (!renewed) return ticket->answer(renewed.error());
        ticket->answer(http_response{.body = "{\"expires\":" + std::to_string(expires) + "}"});
      });
}

/// Of a body `{"state":"..."}`.
result<std::string> state_in(std::string_view body) {
  json_reader in(body);
  std::optional<std::string> state;
  if (in.peek() == json_kind::object) {
    in.enter();
    for (std::string name; in.next_member(name);) {
      if (name == "state" && in.peek() == json_kind::string)
        in.read_string(state.emplace());
      else if (in.skip())
        return error{errc::malformed,
                     "the body must be {\"state\":\"online|away|busy|invisible\"}"};
    }
  }
  if (in.finish() && state) return std::move(*state);
  return error{errc::malformed, "the body must be {\"state\":\"online|away|busy|invisible\"}"};
}

void handle_session_presence(std::shared_ptr<http_session> session) {
  auto& front = session->front();
  const auto& name = session->exchange().route.name;
  const auto id = session_id::parse(name);
  if (!id) return session->answer(no_session(name));
  auto state = state_in(session->exchange().request.body);
  if (!state) return session->answer(state.error());
  const auto caller = session->exchange().caller;
  auto ticket = std::make_shared<answer_ticket>(std::move(session));
  front.shared->node.change_session(
      front.loop, caller, *id, {.presence = *state},
      [ticket, state = *state](result<void> changed) {
        if (!changed) return ticket->answer(changed.error());
        ticket->answer(http_response{.body = "{\"state\":" + net::quoted(state) + "}"});
      });
}

void handle_session_publish(std::shared_ptr<http_session> session) {
  auto& front = session->front();
  const auto& x = session->exchange();
  const auto id = session_id::parse(x.route.name);
  if (!id) return session->answer(refuse_publish(x, front, no_session(x.route.name)));
  json_reader in(x.request.body);
  auto item = read_publish_item(in, front.settings->limits, item_place::http);
  if (!in.finish()) item = error{errc::malformed, in.failure()};
  if (!item) return session->answer(refuse_publish(x, front, item.error()));
  auto key = idempotency_key_of(x.request);
  if (!key) return session->answer(refuse_publish(x, front, key.error()));
  if (item->id.empty()) item->id = std::move(*key);
  if (auto limited = limit_publish_rate(x, front, count_targets(*item)))
    return session->answer(std::move(*limited));
  const auto caller = x.caller;
  auto traceparent = x.ids.traceparent;
  auto ticket = std::make_shared<answer_ticket>(std::move(session));
  front.shared->node.publish_from_session(
      front.loop, caller, *id, std::move(*item), std::move(traceparent),
      [ticket](const publish_verdict& verdict) { ticket->answer(verdict_response(verdict)); });
}

}  // namespace

std::vector<route> session_routes() {
  const auto row = [](const char* command, access needs, route_handler run, std::size_t max_body) {
    return route{.method = http_method::post,
                 .path = std::string("/api/session/{client}/") + command,
                 .needs = needs,
                 .run = std::move(run),
                 .max_body = max_body,
                 .query = ""};
  };
  auto publish = row("publish", access::token, handle_session_publish, largest_body);
  publish.publishes = true;
  return {row("token", access::body_token, handle_session_token, max_token_body),
          row("presence", access::token, handle_session_presence, 1024), std::move(publish)};
}

}  // namespace starling::net::native
