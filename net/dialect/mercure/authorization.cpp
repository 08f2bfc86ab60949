#include "net/dialect/mercure/authorization.hpp"

#include "net/auth/claims.hpp"
#include "net/auth/signed_token.hpp"
#include "net/base/clock.hpp"

namespace starling::net::mercure {

namespace {

struct found_token {
  std::string_view text;
  bool by_cookie = false;
};

result<found_token> token_of(const http_request& request) {
  constexpr std::string_view scheme = "bearer ";
  if (const auto sent = request.get(header::authorization)) {
    if (sent->size() <= scheme.size() || !iequals(sent->substr(0, scheme.size()), scheme))
      return error{errc::unauthorized, "Authorization must be \"Bearer\" and a token"};
    return found_token{trimmed(sent->substr(scheme.size()))};
  }
  if (const auto* asked = request.query().find("authorization"); asked && !asked->empty())
    return found_token{*asked};
  const auto cookies = request.get(header::cookie).value_or("");
  for (const auto name : {"mercureAuthorization", "__Secure-mercure_access_token"})
    if (const auto value = cookie_value(cookies, name); !value.empty())
      return found_token{value, true};
  return found_token{};
}

/// `scheme://host:port` of a URL.
std::string_view origin_of(std::string_view url) noexcept {
  const auto at = url.find("://");
  return at == url.npos ? std::string_view{} : url.substr(0, url.find_first_of("/?#", at + 3));
}

/// May a page that posts with a cookie speak for its user?
bool trusted_page(const http_exchange& x, const loop_front& front) {
  if (x.request.get(header::origin)) return x.cors.cookie;
  const auto referer = origin_of(x.request.get(header::referer).value_or(""));
  if (referer.empty()) return false;
  return front.settings->cors.check(referer, x.request.get(header::host).value_or("")).cookie;
}

result<bearer> read_token(std::string_view token, const key_set* own_keys, loop_front& front) {
  const auto& settings = *front.settings;
  auto rules = settings.rules;
  if (own_keys) {  // issuer and audience are those of the node's own tokens
    rules.issuer.reset();
    rules.audience.clear();
  }
  const auto parsed = check_signature(token, own_keys ? *own_keys : *settings.keys);
  if (!parsed) return parsed.error();
  auto rights = read_grants(parsed->header, parsed->claims);
  if (!rights) return rights.error();
  auto identity =
      read_claims(parsed->claims, rules, wall_ms() / 1000, {.expiry = false, .user = false});
  if (!identity) return identity.error();
  bearer out{std::move(*identity), std::move(*rights)};
  out.identity.token_hash = parsed->hash;
  out.identity.publish.clear();
  out.identity.publish_all = out.identity.admin = out.identity.is_operator = false;
  return out;
}

}  // namespace

result<bearer> authorize_subscriber(const http_exchange& x, loop_front& front,
                                    const hub_settings& settings) {
  const auto token = token_of(x.request);
  if (!token) return token.error();
  if (!token->text.empty() && (!token->by_cookie || x.cors.cookie))
    return read_token(token->text, settings.subscriber_keys.get(), front);
  if (!settings.anonymous)
    return error{errc::unauthorized,
                 "a token is needed: Authorization: Bearer, query authorization, or cookie "
                 "mercureAuthorization"};
  bearer nobody;
  nobody.identity.tenant = tenant_id("default");
  nobody.identity.expires_s = wall_ms() / 1000 + std::chrono::seconds(unlimited).count();
  return nobody;
}

result<bearer> authorize_publisher(const http_exchange& x, loop_front& front,
                                   const hub_settings& settings) {
  const auto token = token_of(x.request);
  if (!token) return token.error();
  if (token->text.empty())
    return error{errc::unauthorized,
                 "publishing needs a token: Authorization: Bearer, query authorization, or cookie "
                 "mercureAuthorization"};
  if (token->by_cookie && !trusted_page(x, front))
    return error{errc::forbidden,
                 "the cookie counts only with an Origin or a Referer that cors.origins lists"};
  return read_token(token->text, settings.publisher_keys.get(), front);
}

}  // namespace starling::net::mercure
