#include "net/auth/token.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "net/auth/claims.hpp"
#include "net/auth/sign.hpp"
#include "net/dialect/fechatter/claims.hpp"
#include "tests/net/auth_fixture.hpp"

using namespace starling;
using namespace starling::net;
using namespace starling::net::test;

namespace {

const std::string secret = "a secret of more than thirty-two bytes";
const std::string hs_header = R"({"alg":"HS256","typ":"JWT"})";
const std::string minimal = R"({"sub":"ann","exp":1700000100})";

key_set secret_keys() {
  key_options options;
  options.hs256_secret = secret;
  return *key_set::load(options);
}

result<identity> check(const std::string& token, const token_rules& rules = {},
                       std::int64_t at = now) {
  return verify(token, secret_keys(), rules, at);
}

result<identity> check_claims(const std::string& claims, const token_rules& rules = {},
                              std::int64_t at = now) {
  return check(*sign_hs256(claims, secret), rules, at);
}

/// The message of a refusal; fails the test when the token was accepted or the code is not 401.
std::string refusal(const result<identity>& outcome) {
  REQUIRE_FALSE(outcome.ok());
  CHECK(outcome.error().code == errc::unauthorized);
  return outcome.error().message;
}

key_set pem_keys(const temp_dir& dir, const key_pair& pair) {
  key_options options;
  options.public_key_files = {dir.file("main.pem", pair.public_pem)};
  return *key_set::load(options);
}

}  // namespace

TEST_SUITE("net/auth/token") {
  TEST_CASE("an HS256 token yields every claim") {
    const auto identity = check_claims(
        R"({"sub":"ann","tenant":"acme","rooms":["lobby","red-*"],"publish":["lobby","user:*"],
            "admin":true,"device":"phone","exp":1700000100})");
    REQUIRE(identity.ok());
    CHECK(identity->user == user_id("ann"));
    CHECK(identity->tenant == tenant_id("acme"));
    CHECK(identity->device == device_id("phone"));
    CHECK(identity->rooms == std::vector<std::string>{"lobby", "red-*"});
    CHECK(identity->publish == std::vector<std::string>{"lobby", "user:*"});
    CHECK_FALSE(identity->publish_all);
    CHECK(identity->admin);
    CHECK(identity->expires_s == 1'700'000'100);
  }

  TEST_CASE("a token that is accepted within the leeway ends with it") {
    const std::string claims = R"({"sub":"ann","exp":1700000000})";
    token_rules rules;
    rules.leeway = std::chrono::seconds(300);
    CHECK(read_claims(nlohmann::json::parse(claims), rules, now - 1, {})->expires_s == now);
    CHECK(read_claims(nlohmann::json::parse(claims), rules, now, {})->expires_s == now + 300);
    CHECK(read_claims(nlohmann::json::parse(claims), rules, now + 299, {})->expires_s == now + 300);
    CHECK_FALSE(read_claims(nlohmann::json::parse(claims), rules, now + 300, {}).ok());
  }

  TEST_CASE("absent claims mean the default tenant and no rights") {
    const auto identity = check_claims(minimal);
    REQUIRE(identity.ok());
    CHECK(identity->tenant == tenant_id("default"));
    CHECK(identity->device.empty());
    CHECK(identity->rooms.empty());
    CHECK(identity->publish.empty());
    CHECK_FALSE(identity->publish_all);
    CHECK_FALSE(identity->admin);
  }

  TEST_CASE("a token signed with a PEM key of each type verifies with its public half only") {
    const temp_dir dir;
    const struct {
      key_pair own;
      key_pair foreign;
      const char* alg;
    } kinds[] = {{make_ed25519(), make_ed25519(), "EdDSA"},
                 {make_rsa(), make_rsa(), "RS256"},
                 {make_ec(), make_ec(), "ES256"}};
    for (const auto& kind : kinds) {
      CAPTURE(kind.alg);
      const auto token = *sign_with_pem(minimal, dir.file("key.pem", kind.own.private_pem));
      CHECK(mentions(decode_unverified(token)->header_json, kind.alg));
      const auto identity = verify(token, pem_keys(dir, kind.own), {}, now);
      REQUIRE(identity.ok());
      CHECK(identity->user == user_id("ann"));
      CHECK(mentions(refusal(verify(token, pem_keys(dir, kind.foreign), {}, now)), "signature"));
    }
  }

  TEST_CASE("an ES256 signature in DER form is refused: JOSE wants r and s") {
    const temp_dir dir;
    const auto pair = make_ec();
    const auto input = base64url_encode(R"({"alg":"ES256"})") + '.' + base64url_encode(minimal);
    std::string der(80, '\0');
    std::size_t size = der.size();
    EVP_MD_CTX* ctx = EVP_MD_CTX_new();
    REQUIRE(EVP_DigestSignInit(ctx, nullptr, EVP_sha256(), nullptr, pair.key.get()) == 1);
    REQUIRE(EVP_DigestSign(ctx, reinterpret_cast<unsigned char*>(der.data()), &size,
                           reinterpret_cast<const unsigned char*>(input.data()),
                           input.size()) == 1);
    EVP_MD_CTX_free(ctx);
    der.resize(size);
    refusal(verify(input + '.' + base64url_encode(der), pem_keys(dir, pair), {}, now));
    const std::string zero(64, '\0');
    refusal(verify(input + '.' + base64url_encode(zero), pem_keys(dir, pair), {}, now));
  }

  TEST_CASE("exp holds until the last second of the leeway") {
    CHECK(check_claims(minimal, {}, 1'700'000'100).ok());
    CHECK(check_claims(minimal, {}, 1'700'000'159).ok());
    CHECK(mentions(refusal(check_claims(minimal, {}, 1'700'000'160)), "exp"));
    token_rules exact;
    exact.leeway = std::chrono::seconds(0);
    CHECK(check_claims(minimal, exact, 1'700'000'099).ok());
    CHECK(mentions(refusal(check_claims(minimal, exact, 1'700'000'100)), "exp"));
  }

  TEST_CASE("exp must be there and be a number") {
    CHECK(mentions(refusal(check_claims(R"({"sub":"ann"})")), "exp"));
    for (const char* exp : {"\"1700000100\"", "null", "true", "[1700000100]", "-1", "0"}) {
      CAPTURE(exp);
      CHECK(mentions(refusal(check_claims(R"({"sub":"ann","exp":)" + std::string(exp) + '}')),
                     "exp"));
    }
  }

  TEST_CASE("a fractional or absurdly large exp neither fails nor overflows") {
    CHECK(check_claims(R"({"sub":"ann","exp":1700000100.75})")->expires_s == 1'700'000'100);
    for (const char* exp : {"9223372036854775807", "18446744073709551615", "1e300"}) {
      CAPTURE(exp);
      const auto identity = check_claims(R"({"sub":"ann","exp":)" + std::string(exp) + '}');
      REQUIRE(identity.ok());
      CHECK(identity->expires_s == 253'402'300'799);
    }
  }

  TEST_CASE("nbf is honoured from the first second of the leeway") {
    const std::string claims = R"({"sub":"ann","exp":1700009999,"nbf":1700000000})";
    CHECK(check_claims(claims, {}, 1'699'999'940).ok());
    CHECK(mentions(refusal(check_claims(claims, {}, 1'699'999'939)), "nbf"));
    CHECK(mentions(refusal(check_claims(R"({"sub":"ann","exp":1700009999,"nbf":"0"})")), "nbf"));
  }

  TEST_CASE("iss is checked only when an issuer is configured") {
    token_rules rules;
    rules.issuer = "https://id.example";
    CHECK(check_claims(R"({"sub":"a","exp":1700000100,"iss":"https://id.example"})", rules).ok());
    CHECK(check_claims(R"({"sub":"a","exp":1700000100,"iss":"other"})").ok());
    for (const char* iss : {"", R"(,"iss":"other")", R"(,"iss":["https://id.example"])"}) {
      CAPTURE(iss);
      const auto claims = R"({"sub":"a","exp":1700000100)" + std::string(iss) + '}';
      CHECK(mentions(refusal(check_claims(claims, rules)), "iss"));
    }
  }

  TEST_CASE("aud may be a string or a list and must name the configured audience") {
    token_rules rules;
    rules.audience = {"other", "web"};
    for (const char* aud : {R"("web")", R"(["x","web"])"}) {
      CAPTURE(aud);
      const auto claims = R"({"sub":"a","exp":1700000100,"aud":)" + std::string(aud) + '}';
      CHECK(check_claims(claims, rules).ok());
      CHECK(check_claims(claims).ok());
    }
    for (const char* aud : {R"("webx")", R"(["x"])", "[]", "null", "{\"web\":1}", "[[\"web\"]]"}) {
      CAPTURE(aud);
      const auto claims = R"({"sub":"a","exp":1700000100,"aud":)" + std::string(aud) + '}';
      CHECK(mentions(refusal(check_claims(claims, rules)), "aud"));
    }
    CHECK(mentions(refusal(check_claims(minimal, rules)), "aud"));
  }

  TEST_CASE("alg none and unknown algorithms are refused in any spelling") {
    for (const char* alg : {"\"none\"", "\"None\"", "\"NONE\"", "\"hs256\"", "\"HS512\"",
                            "\"PS256\"", "\"\"", "null", "1", "[\"HS256\"]"}) {
      CAPTURE(alg);
      const auto header = R"({"alg":)" + std::string(alg) + '}';
      CHECK(mentions(refusal(check(raw_hs256(header, minimal, secret))), "alg"));
      const auto bare = base64url_encode(header) + '.' + base64url_encode(minimal) + '.';
      CHECK(mentions(refusal(check(bare)), "alg"));
    }
    CHECK(mentions(refusal(check(raw_hs256("{}", minimal, secret))), "alg"));
  }

  TEST_CASE("a public key is never an HMAC secret") {
    const temp_dir dir;
    for (const auto& pair : {make_rsa(), make_ec(), make_ed25519()}) {
      const auto keys = pem_keys(dir, pair);
      CHECK(mentions(refusal(verify(*sign_hs256(minimal, pair.public_pem), keys, {}, now)), "key"));
      CHECK(mentions(refusal(verify(*sign_hs256(minimal, pair.public_pem, "main"), keys, {}, now)),
                     "key"));
    }
  }

  TEST_CASE("the header cannot choose an algorithm its key is not for") {
    const temp_dir dir;
    const auto rsa = make_rsa();
    const auto keys = pem_keys(dir, rsa);
    for (const char* alg : {"ES256", "EdDSA", "HS256"}) {
      CAPTURE(alg);
      const auto input = base64url_encode(R"({"alg":")" + std::string(alg) + "\"}") + '.' +
                         base64url_encode(minimal);
      const auto token = input + '.' + base64url_encode(*sign(rsa.key, input));
      CHECK(mentions(refusal(verify(token, keys, {}, now)), "key"));
    }
  }

  TEST_CASE("any changed character makes the token invalid") {
    const auto token = *sign_hs256(minimal, secret);
    for (std::size_t i = 0; i < token.size(); ++i) {
      if (token[i] == '.') continue;
      auto changed = token;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      CAPTURE(i);
      refusal(check(changed));
    }
  }

  TEST_CASE("any truncation is refused") {
    const auto token = *sign_hs256(minimal, secret);
    for (std::size_t n = 0; n < token.size(); ++n) refusal(check(token.substr(0, n)));
  }

  TEST_CASE("garbage is refused") {
    const auto good = *sign_hs256(minimal, secret);
    for (const std::string& token :
         {std::string(), std::string("."), std::string(".."), std::string("..."),
          std::string("a.b.c"), std::string("bad"), good + ".x", good + "=", good + " ", ' ' + good,
          good + '\n', std::string(100, '\0'), std::string("\xff\xfe.\xff.\xff")})
      refusal(check(token));
    for (const char* header : {"", "[]", "null", "\"HS256\"", "{\"alg\":\"HS256\"", "{}{}"})
      refusal(check(raw_hs256(header, minimal, secret)));
    for (const char* claims : {"", "[]", "null", "7", "{\"sub\":\"ann\",\"exp\":1700000100", "{}"})
      refusal(check(raw_hs256(hs_header, claims, secret)));
  }

  TEST_CASE("text after a NUL byte does not hide from the parser") {
    refusal(check(raw_hs256(hs_header, minimal + std::string("\0{", 2), secret)));
  }

  TEST_CASE("a token of exactly 8 KiB passes and one byte more does not") {
    const auto of = [&](std::size_t fill) {
      return *sign_hs256(R"({"sub":"ann","exp":1700000100,"x":")" + std::string(fill, 'x') + "\"}",
                         secret);
    };
    std::size_t fill = 5'900;
    while (of(fill + 1).size() <= max_token_bytes) ++fill;
    CHECK(check(of(fill)).ok());
    CHECK(mentions(refusal(check(of(fill + 1))), "8 KiB"));
    refusal(check(std::string(10'000'000, 'A')));
  }

  TEST_CASE("claims that are not UTF-8 are refused") {
    refusal(
        check(raw_hs256(hs_header, "{\"sub\":\"ann\",\"exp\":1700000100,\"x\":\"\xff\"}", secret)));
    refusal(check(raw_hs256("{\"alg\":\"HS256\",\"x\":\"\xc3\"}", minimal, secret)));
  }

  TEST_CASE("nesting is limited, in text it does not count") {
    const auto nested = [](std::size_t depth) {
      return R"({"sub":"ann","exp":1700000100,"x":)" + std::string(depth, '[') +
             std::string(depth, ']') + '}';
    };
    CHECK(check_claims(nested(15)).ok());
    refusal(check(raw_hs256(hs_header, nested(16), secret)));
    refusal(check(raw_hs256(hs_header, nested(2'500), secret)));
    const auto text = R"({"sub":"ann","exp":1700000100,"x":"\"[[[[[[[[[[[[[[[[[[[[[["})";
    CHECK(check_claims(text).ok());
  }

  TEST_CASE("critical extensions are refused because none is known") {
    const auto token = raw_hs256(R"({"alg":"HS256","crit":["b64"],"b64":false})", minimal, secret);
    CHECK(mentions(refusal(check(token)), "crit"));
  }

  TEST_CASE("user, tenant and device may be integers and are validated") {
    const auto identity =
        check_claims(R"({"sub":42,"tenant":7,"device":9007199254740993,"exp":1700000100})");
    REQUIRE(identity.ok());
    CHECK(identity->user == user_id("42"));
    CHECK(identity->tenant == tenant_id("7"));
    CHECK(identity->device == device_id("9007199254740993"));
    for (const char* sub : {"\"\"", "\"a b\"", "\"a\\nb\"", "\"\\u00e9\"", "null", "1.5", "true",
                            "[\"ann\"]", "{}"}) {
      CAPTURE(sub);
      const auto claims = R"({"exp":1700000100,"sub":)" + std::string(sub) + '}';
      CHECK(mentions(refusal(check_claims(claims)), "\"sub\""));
    }
    refusal(check_claims(R"({"exp":1700000100,"sub":")" + std::string(129, 'a') + "\"}"));
    CHECK(check_claims(R"({"exp":1700000100,"sub":")" + std::string(128, 'a') + "\"}").ok());
    for (const char* bad : {R"("tenant":"a/b")", R"("tenant":null)", R"("device":"a b")"}) {
      CAPTURE(bad);
      refusal(check_claims(R"({"sub":"ann","exp":1700000100,)" + std::string(bad) + '}'));
    }
  }

  TEST_CASE("rights of the wrong type refuse the token") {
    for (const char* bad : {R"("rooms":[1])", R"("rooms":{})", R"("rooms":true)", R"("rooms":[""])",
                            R"("rooms":["a\nb"])", R"("publish":1)", R"("publish":[true])",
                            R"("admin":"true")", R"("admin":1)"}) {
      CAPTURE(bad);
      refusal(check_claims(R"({"sub":"ann","exp":1700000100,)" + std::string(bad) + '}'));
    }
    const auto identity = check_claims(
        R"({"sub":"ann","exp":1700000100,"rooms":"lobby","publish":true,"admin":false})");
    REQUIRE(identity.ok());
    CHECK(identity->rooms == std::vector<std::string>{"lobby"});
    CHECK(identity->publish_all);
  }

  TEST_CASE("an administrator without a tenant claim, or of \"*\", is the operator") {
    const auto is = [](const std::string& more) {
      const auto identity = check_claims(R"({"sub":"ann","exp":1700000100,)" + more + "}");
      REQUIRE(identity.ok());
      return std::pair(identity->admin, identity->is_operator);
    };
    CHECK(is(R"("admin":true)") == std::pair(true, true));
    CHECK(is(R"("admin":true,"tenant":"default")") == std::pair(true, false));
    CHECK(is(R"("admin":"*","tenant":"acme")") == std::pair(true, true));
    CHECK(is(R"("admin":false)") == std::pair(false, false));
    CHECK(is(R"("rooms":["*"])") == std::pair(false, false));
  }

  TEST_CASE("fechatter claims are read by path and a suspended user is refused") {
    token_rules rules;
    rules.user_claim = "user.id";
    rules.tenant_claim = "user.workspace_id";
    rules.checks = {fechatter::refuse_suspended};
    const auto claims = [](const std::string& status) {
      return R"({"sub":"9","exp":1700000100,"user":{"id":7,"workspace_id":3,"status":")" + status +
             "\"}}";
    };
    const auto identity = check_claims(claims("Active"), rules);
    REQUIRE(identity.ok());
    CHECK(identity->user == user_id("7"));
    CHECK(identity->tenant == tenant_id("3"));
    CHECK(mentions(refusal(check_claims(claims("Suspended"), rules)), "suspended"));
    CHECK(check_claims(claims("Suspended"))->user == user_id("9"));
    CHECK(mentions(refusal(check_claims(minimal, rules)), "user.id"));
  }

  TEST_CASE("a claim whose name holds dots is found by name before path") {
    token_rules rules;
    rules.tenant_claim = "https://example.com/tenant";
    const auto identity =
        check_claims(R"({"sub":"a","exp":1700000100,"https://example.com/tenant":"acme"})", rules);
    REQUIRE(identity.ok());
    CHECK(identity->tenant == tenant_id("acme"));
  }

  TEST_CASE("the token hash tells tokens apart and stays the same for one token") {
    const auto one = check_claims(minimal);
    CHECK(one->token_hash == check_claims(minimal)->token_hash);
    CHECK(one->token_hash != check_claims(R"({"sub":"bob","exp":1700000100})")->token_hash);
  }

  TEST_CASE("one key set serves several threads at once") {
    const temp_dir dir;
    const auto pair = make_ed25519();
    key_options options;
    options.hs256_secret = secret;
    options.public_key_files = {dir.file("main.pem", pair.public_pem)};
    const auto keys = *key_set::load(options);
    const auto hmac = *sign_hs256(minimal, secret);
    const auto ed25519 = *sign_with_pem(minimal, dir.file("key.pem", pair.private_pem));
    std::atomic<int> accepted = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 50; ++i)
          for (const auto* token : {&hmac, &ed25519})
            if (verify(*token, keys, {}, now).ok()) ++accepted;
      });
    for (auto& thread : threads) thread.join();
    CHECK(accepted == 4 * 50 * 2);
  }

  TEST_CASE("no refusal repeats what the token says") {
    for (const char* claims : {R"({"sub":"zebra quagga","exp":1700000100})",
                               R"({"sub":"zebra","exp":1})", R"({"sub":"zebra","exp":"quagga"})",
                               R"({"sub":"a","exp":1700000100,"rooms":[["zebra"]]})"}) {
      const auto why = refusal(check_claims(claims));
      CHECK_FALSE(mentions(why, "zebra"));
      CHECK_FALSE(mentions(why, "quagga"));
    }
  }

  TEST_CASE("decoding without verification shows a token or says why not") {
    const auto shown = decode_unverified(*sign_hs256(minimal, secret, "k1"));
    REQUIRE(shown.ok());
    CHECK(shown->claims_json == minimal);
    CHECK(mentions(shown->header_json, R"("kid":"k1")"));
    for (const char* bad : {"", "garbage", "a.b", "a.b.c", "e30.e30.x.y", "e30.W10.x"}) {
      CAPTURE(bad);
      REQUIRE_FALSE(decode_unverified(bad).ok());
      CHECK(decode_unverified(bad).error().code == errc::malformed);
    }
  }

  TEST_CASE("signing names what is wrong with its input") {
    const temp_dir dir;
    CHECK_FALSE(sign_hs256("[]", secret).ok());
    CHECK_FALSE(sign_hs256(minimal, "").ok());
    CHECK_FALSE(sign_hs256(minimal, secret, "\xff").ok());
    const auto pair = make_ed25519();
    const auto pub = dir.file("pub.pem", pair.public_pem);
    CHECK(mentions(sign_with_pem(minimal, pub).error().message, "private"));
    CHECK(mentions(sign_with_pem(minimal, dir.path("none.pem")).error().message, "none.pem"));
    const auto curve = dir.file("p384.pem", make_ec("P-384").private_pem);
    CHECK(mentions(sign_with_pem(minimal, curve).error().message, "P-256"));
  }
}
