#include "net/base/clock.hpp"
#include "net/front/http_handlers.hpp"
#include "net/front/stream_admission.hpp"

namespace starling::net {

namespace {

http_response no_route(const route_match& where) {
  if (where.allow.empty()) return error_response({errc::not_found, "there is no such path"}, false);
  auto out = error_response(
      {errc::method_not_allowed, "this path answers to " + where.allow + " only"}, false);
  out.headers += "Allow: " + where.allow + "\r\n";
  return out;
}

}  // namespace

result<identity_ptr> authenticate(loop_front& front, std::string_view token) {
  if (token.empty())
    return error{errc::unauthorized,
                 "a token is needed: Authorization: Bearer, query access_token, or cookie "
                 "starling_token (the cookie not from pages of other origins, unless cors.origins "
                 "lists theirs)"};
  const auto& settings = *front.settings;
  return front.tokens.verify(token, *settings.keys, settings.rules, wall_ms() / 1000);
}

std::optional<http_response> admit(http_exchange& x, loop_front& front) {
  const auto& request = x.request;
  x.cors = front.settings->cors.check(request.get(header::origin),
                                      request.get(header::host).value_or(""));
  const bool preflight = request.method == http_method::options;
  if (!preflight) {
    x.where = front.shared->routes.match(request.method, request.path(), x.admin_listener);
    if (!x.where.found) return no_route(x.where);
  }
  const bool open = !preflight && x.where.found->needs == access::none &&
                    x.where.found->target != endpoint::session_token;
  const bool plain = !preflight && x.where.found->plain_error;
  if (!x.cors.allowed && !open)
    return error_response(
        {errc::forbidden, "this origin is not allowed here; cors.origins lists those that are"},
        plain);
  if (preflight) return preflight_response();
  // Before the token, whose parameter may be the mistyped one.
  if (x.where.found->target == endpoint::sse || x.where.found->target == endpoint::ws)
    if (const auto known = check_stream_parameters(request.query()); !known)
      return error_response(known.error(), plain);
  if (x.where.found->needs == access::none) return std::nullopt;

  auto who = authenticate(front, token_of(request, x.cors.cookie));
  if (!who) return error_response(who.error(), plain);
  if (x.where.found->needs == access::admin && !(*who)->admin)
    return error_response({errc::forbidden, "this needs a token with the claim admin"}, plain);
  x.who = std::move(*who);
  return std::nullopt;
}

}  // namespace starling::net
