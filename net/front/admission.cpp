#include "net/base/clock.hpp"
#include "net/base/limits.hpp"
#include "net/front/http_handlers.hpp"

namespace starling::net {

namespace {

http_response no_route(const route_match& route) {
  if (route.allow.empty()) return error_response({errc::not_found, "there is no such path"}, false);
  auto out =
      error_response({errc::method_not_allowed, "this path answers to " + route.allow + " only"},
                     route.plain_errors());
  out.headers += "Allow: " + route.allow + "\r\n";
  return out;
}

/// To a preflight what any path takes: the request after it is told whether there is one. To others
/// what this path answers to.
http_response options_response(const http_exchange& x) {
  const bool preflight = x.request.get(header::origin) && x.request.get(header::preflight_method);
  if (preflight || x.request.target == "*") return preflight_response();
  if (!x.route.of_path) return no_route(x.route);
  auto out = preflight_response();
  out.headers += "Allow: " + x.route.allow + ", OPTIONS\r\n";
  return out;
}

bool holds_word(std::string_view words, std::string_view word) noexcept {
  for (auto at = words.find(word); at != words.npos; at = words.find(word, at + 1))
    if ((at == 0 || words[at - 1] == ' ') &&
        (at + word.size() == words.size() || words[at + word.size()] == ' '))
      return !word.empty();
  return false;
}

/// Names the first query parameter that the path does not take.
std::optional<error> unknown_parameter(const route& at, const http_request& request) {
  static constexpr std::string_view of_tokens = "access_token token";
  if (!at.query) return std::nullopt;
  for (const auto& [name, value] : request.query().all())
    if (!holds_word(of_tokens, name) && !holds_word(*at.query, name))
      return error{errc::malformed,
                   "unknown query parameter \"" + name + "\"; this path takes " +
                       (at.query->empty() ? "none" : "these: " + std::string(*at.query))};
  return std::nullopt;
}

/// An EventSource or a WebSocket, which give up for ever on an error status.
bool reads_events(const http_request& request) {
  const auto accept = request.get(header::accept).value_or("");
  return accept.find("text/event-stream") != accept.npos || request.get(header::upgrade);
}

std::optional<error> lacks_right(access needs, const identity& caller) {
  if (needs == access::operator_ && !caller.is_operator)
    return error{errc::forbidden,
                 "this needs the operator: a token with admin true and no tenant, or admin \"*\""};
  if (needs == access::admin && !caller.admin)
    return error{errc::forbidden, "this needs a token with the claim admin"};
  return std::nullopt;
}

}  // namespace

result<identity_ptr> authenticate(loop_front& front, std::string_view token) {
  if (token.empty())
    return error{errc::unauthorized,
                 "a token is needed: Authorization: Bearer, query access_token, or cookie "
                 "starling_token (the cookie not from pages of other origins, unless cors.origins "
                 "lists theirs); or an API key: X-Api-Key"};
  const auto& settings = *front.settings;
  return front.tokens.verify(token, *settings.keys, settings.rules, wall_ms() / 1000);
}

result<identity_ptr> authenticate(loop_front& front, const http_request& request,
                                  bool cookie_counts) {
  const auto key = api_key_of(request);
  if (key.empty()) return authenticate(front, token_of(request, cookie_counts));
  if (auto bearer = front.settings->keys->bearer_of(key)) return bearer;
  return error{errc::unauthorized, "this API key is none of this node's, or was revoked"};
}

void locate(http_exchange& x, const loop_front& front) {
  const auto& request = x.request;
  x.cors = front.settings->cors.check(request.get(header::origin),
                                      request.get(header::host).value_or(""), x.admin_listener,
                                      request.get(header::fetch_site));
  x.route = front.shared->routes.match(request.method, request.path(), x.admin_listener);
}

std::optional<http_response> admit(http_exchange& x, loop_front& front) {
  const auto& request = x.request;
  locate(x, front);
  const bool options = request.method == http_method::options;
  if (!options && !x.route.found) return no_route(x.route);
  const auto* const at = x.route.found;
  const bool plain = x.route.plain_errors();
  const auto refuse = [plain](const error& why) { return error_response(why, plain); };
  const bool open = at && at->needs == access::none;
  if (!x.cors.allowed && !open)
    return refuse(
        {errc::forbidden, "this origin is not allowed here; cors.origins lists those that are"});
  if (options) return options_response(x);
  // Those who read events are told in their way, by the handler.
  if (x.crowded && !reads_events(request)) {
    limit_counts::add(limit_kind::connections_per_address);
    return retry_response({errc::rate_limited,
                           "this address has more connections than "
                           "limits.connections_per_address allows"},
                          std::chrono::seconds(1), plain);
  }
  if (at->precheck)
    if (const auto fits = at->precheck(request); !fits) return refuse(fits.error());
  if (at->needs != access::none && at->needs != access::body_token) {
    auto caller = authenticate(front, request, x.cors.cookie);
    if (!caller) return refuse(caller.error());
    if (const auto lacking = lacks_right(at->needs, **caller)) return refuse(*lacking);
    x.caller = std::move(*caller);
  }
  if (x.route.bad_name) return refuse(*x.route.bad_name);
  if (const auto unknown = unknown_parameter(*at, request)) return refuse(*unknown);
  return std::nullopt;
}

}  // namespace starling::net
