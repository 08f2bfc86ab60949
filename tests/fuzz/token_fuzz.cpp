/// Tokens: bytes as they come, and claims with a good signature, which get further.
#include "net/auth/sign.hpp"
#include "net/auth/signature.hpp"
#include "net/auth/token.hpp"
#include "net/base/base64.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace starling;
using fuzz::require;

namespace {

constexpr std::string_view secret = "a secret that only this program knows";
constexpr std::int64_t now_s = 1'700'000'000;

const net::key_set& keys() {
  static const auto made = [] {
    net::key_options options;
    options.hs256_secret = std::string(secret);
    options.hs256_keys = {{"k1", std::string(secret)}};
    auto loaded = net::key_set::load(options);
    require(loaded.ok(), "the keys load");
    return std::move(*loaded);
  }();
  return made;
}

void check(std::string_view compact, const net::token_rules& rules) {
  const auto identity = net::verify(compact, keys(), rules, now_s);
  if (!identity) {
    require(identity.error().code == errc::unauthorized, "a token is refused with 401");
    require(!identity.error().message.empty(), "and with a reason");
    return;
  }
  require(valid_user(identity->user.str()) && valid_tenant(identity->tenant.str()),
          "user and tenant have valid names");
  require(identity->device.empty() || valid_user(identity->device.str()), "and so has the device");
  require(identity->expires_s + rules.leeway.count() > now_s, "it is not over");
  (void)net::may_join(*identity, "lobby");
  (void)net::may_publish_room(*identity, "lobby");
  (void)net::may_publish_user(*identity, "ann");
}

}  // namespace

void fuzz(std::string_view bytes) {
  const auto how = fuzz::take_byte(bytes);
  net::token_rules rules;
  if ((how & 4) != 0) rules.user_claim = "user.id";
  if ((how & 8) != 0) rules.audience = {"starling"};
  switch (how & 3) {
    case 0: return check(bytes, rules);
    case 1: {
      const auto signed_claims = net::sign_hs256(bytes, secret);
      if (signed_claims) check(*signed_claims, rules);
      return;
    }
    default: {  // header, line feed, claims
      const auto header = fuzz::take_until(bytes, '\n');
      const auto text = base64url_encode(header) + "." + base64url_encode(bytes);
      const auto signature = net::sign_hmac(secret, text);
      require(signature.ok(), "HMAC works");
      return check(text + "." + base64url_encode(*signature), rules);
    }
  }
}
