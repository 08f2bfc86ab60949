// POST /api/session/{client_id}/token.
#include "net/dialect/native/native.hpp"
#include "net/front/http_handlers.hpp"
#include "net/wire/codec.hpp"
#include "net/wire/json_reader.hpp"

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
  std::string token;
  if (!x.request.body.empty()) {
    auto given = token_in(x.request.body);
    if (!given) return session->answer(given.error());
    token = std::move(*given);
  } else {
    token = token_of(x.request, x.cors.cookie);
  }
  auto fresh = authenticate(front, token);
  if (!fresh) return session->answer(fresh.error());
  const auto id = session_id::parse(x.route.name);
  if (!id) return session->answer(error{errc::not_found, "no session " + x.route.name});
  const auto expires = (*fresh)->expires_s;
  auto ticket = std::make_shared<answer_ticket>(std::move(session));
  front.shared->node.renew_session(
      front.loop, std::move(*fresh), *id, [ticket, expires](result<void> renewed) {
        if (!renewed) return ticket->answer(renewed.error());
        ticket->answer(http_response{.body = "{\"expires\":" + std::to_string(expires) + "}"});
      });
}

}  // namespace

std::vector<route> session_routes() {
  return {{.method = http_method::post,
           .path = "/api/session/{client}/token",
           .needs = access::body_token,
           .run = handle_session_token,
           .max_body = max_token_body,
           .query = ""}};
}

}  // namespace starling::net::native
