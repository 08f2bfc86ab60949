#include "net/auth/key_set.hpp"

#include <string>

#include <doctest/doctest.h>

#include "net/auth/sign.hpp"
#include "net/auth/token.hpp"
#include "net/dialect/dialects.hpp"
#include "tests/net/auth_fixture.hpp"

using namespace starling;
using namespace starling::net;
using namespace starling::net::test;

namespace {

const std::string short_claims = R"({"sub":"ann","exp":1700000100})";

bool accepts(const key_set& keys, const result<std::string>& token) {
  return verify(*token, keys, {}, now).ok();
}

std::string load_error(const key_options& options) {
  const auto keys = key_set::load(options);
  REQUIRE_FALSE(keys.ok());
  return keys.error().message;
}

key_options with_pem(const std::string& path) {
  key_options out;
  out.public_key_files = {path};
  return out;
}
key_options with_jwks(const std::string& path) {
  key_options out;
  out.jwks_file = path;
  return out;
}

std::string jwks(const std::string& keys) { return R"({"keys":[)" + keys + "]}"; }

std::string swapped(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

}  // namespace

TEST_SUITE("net/auth/key_set") {
  TEST_CASE("nothing configured is an empty set that accepts nothing") {
    const auto keys = key_set::load({});
    REQUIRE(keys.ok());
    CHECK(keys->empty());
    CHECK_FALSE(accepts(*keys, sign_hs256(short_claims, "s")));
  }

  TEST_CASE("a kid that names a key is binding") {
    key_options options;
    options.hs256_secret = "plain";
    options.hs256_keys = {{"a", "secret-a"}, {"b", "secret-b"}};
    const auto keys = *key_set::load(options);
    CHECK(keys.size() == 3);
    CHECK(accepts(keys, sign_hs256(short_claims, "secret-a", "a")));
    CHECK(accepts(keys, sign_hs256(short_claims, "secret-b", "b")));
    CHECK_FALSE(accepts(keys, sign_hs256(short_claims, "secret-a", "b")));
    CHECK_FALSE(accepts(keys, sign_hs256(short_claims, "plain", "a")));
  }

  TEST_CASE("an unknown or empty kid leads to the keys without kid only") {
    key_options options;
    options.hs256_secret = "plain";
    options.hs256_keys = {{"a", "secret-a"}};
    const auto keys = *key_set::load(options);
    CHECK(accepts(keys, sign_hs256(short_claims, "plain", "unknown")));
    CHECK(accepts(keys, sign_hs256(short_claims, "plain", "")));
    CHECK(accepts(keys, sign_hs256(short_claims, "plain")));
    CHECK_FALSE(accepts(keys, sign_hs256(short_claims, "secret-a", "unknown")));
    CHECK_FALSE(accepts(keys, sign_hs256(short_claims, "secret-a", "")));
  }

  TEST_CASE("a token without kid is tried with every key of its algorithm") {
    const temp_dir dir;
    const auto signer = make_ed25519();
    key_options options;
    options.hs256_secret = "plain";
    options.hs256_keys = {{"a", "secret-a"}, {"b", "secret-b"}};
    options.public_key_files = {dir.file("main.pem", signer.public_pem)};
    const auto keys = *key_set::load(options);
    for (const char* secret : {"plain", "secret-a", "secret-b"})
      CHECK_MESSAGE(accepts(keys, sign_hs256(short_claims, secret)), secret);
    CHECK(accepts(keys, sign_with_pem(short_claims, dir.file("signer.pem", signer.private_pem))));
    CHECK_FALSE(accepts(keys, sign_hs256(short_claims, "secret-c")));
    CHECK_FALSE(accepts(keys, sign_hs256(short_claims, signer.public_pem)));
    CHECK_FALSE(accepts(keys, sign_hs256(short_claims, "secret-a", "other")));
  }

  TEST_CASE("a kid of another key type does not fall back to keys without kid") {
    const temp_dir dir;
    auto options = with_pem(dir.file("main.pem", make_ed25519().public_pem));
    options.hs256_secret = "plain";
    const auto keys = *key_set::load(options);
    CHECK(accepts(keys, sign_hs256(short_claims, "plain")));
    CHECK_FALSE(accepts(keys, sign_hs256(short_claims, "plain", "main")));
  }

  TEST_CASE("the stem of a PEM file is a kid that tokens may leave out") {
    const temp_dir dir;
    const auto old_key = make_ed25519();
    const auto new_key = make_ed25519();
    key_options options;
    options.public_key_files = {dir.file("old.pem", old_key.public_pem),
                                dir.file("new.pub.pem", new_key.public_pem)};
    const auto keys = *key_set::load(options);
    const auto signer = dir.file("signer.pem", new_key.private_pem);
    CHECK(accepts(keys, sign_with_pem(short_claims, signer)));
    CHECK(accepts(keys, sign_with_pem(short_claims, signer, "new.pub")));
    CHECK(accepts(keys, sign_with_pem(short_claims, signer, "unknown")));
    CHECK_FALSE(accepts(keys, sign_with_pem(short_claims, signer, "old")));
  }

  TEST_CASE("a PEM text may write its newlines as backslash n, or as CRLF") {
    const temp_dir dir;
    const auto pair = make_ed25519();
    const auto signer = dir.file("signer.pem", swapped(pair.private_pem, "\n", "\\n"));
    for (const char* newline : {"\\n", "\r\n", "\\n\n"}) {
      const auto path = dir.file("key.pem", swapped(pair.public_pem, "\n", newline));
      const auto keys = key_set::load(with_pem(path));
      REQUIRE(keys.ok());
      CHECK(accepts(*keys, sign_with_pem(short_claims, signer)));
    }
  }

  TEST_CASE("a bad PEM file is named with what is wrong") {
    const temp_dir dir;
    const auto rsa = make_rsa();
    const struct {
      const char* name;
      std::string text;
      const char* says;
    } files[] = {
        {"private.pem", rsa.private_pem, "private key"},
        {"empty.pem", "", "empty"},
        {"text.pem", "hello", "PUBLIC KEY"},
        {"cut.pem", rsa.public_pem.substr(0, rsa.public_pem.size() / 2), "cannot be parsed"},
        {"cert.pem", "-----BEGIN CERTIFICATE-----\nAA==\n", "PUBLIC KEY"},
        {"weak.pem", make_rsa(1024).public_pem, "1024 bits"},
        {"curve.pem", make_ec("P-384").public_pem, "P-256"},
        {"type.pem", from_key(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519")).public_pem, "Ed25519"},
        {"huge.pem", std::string(300'000, 'x'), "256 KiB"},
    };
    for (const auto& file : files) {
      const auto message = load_error(with_pem(dir.file(file.name, file.text)));
      CAPTURE(message);
      CHECK(mentions(message, file.name));
      CHECK(mentions(message, file.says));
    }
    CHECK(mentions(load_error(with_pem(dir.path("gone.pem"))), "No such file"));
    CHECK(mentions(load_error(with_pem(dir.path(""))), "regular file"));
  }

  TEST_CASE("a published sample key is refused") {
    const temp_dir dir;
    const auto path = dir.file("sample.pem",
                               "-----BEGIN PUBLIC KEY-----\n"
                               "MCowBQYDK2VwAyEAfM+lwNHj6TRJ3EGP38lIJcOo9Dlt2u2JzcwWMbu7jQY=\n"
                               "-----END PUBLIC KEY-----\n");
    auto options = with_pem(path);
    options.published = published_keys();
    CHECK(mentions(load_error(options), "published"));
  }

  TEST_CASE("an empty secret is refused") {
    key_options options;
    options.hs256_secret = "";
    CHECK(mentions(load_error(options), "hs256_secret"));
    options.hs256_secret.reset();
    options.hs256_keys = {{"k1", ""}};
    CHECK(mentions(load_error(options), "hs256_keys.k1"));
  }

  TEST_CASE("a JWKS file brings keys of all four types") {
    const temp_dir dir;
    const auto rsa = make_rsa();
    const auto ec = make_ec();
    const auto ed = make_ed25519();
    const auto path = dir.file(
        "keys.json", jwks(rsa_jwk(rsa, R"(,"kid":"r","alg":"RS256","use":"sig")") + ',' +
                          ec_jwk(ec, R"(,"kid":"e","key_ops":["verify"])") + ',' +
                          ed25519_jwk(ed, R"(,"kid":"d","alg":"EdDSA")") + ',' +
                          R"({"kty":"oct","kid":"o","k":")" + base64url_encode("shared") + "\"}"));
    const auto loaded = key_set::load(with_jwks(path));
    REQUIRE(loaded.ok());
    CHECK(loaded->size() == 4);
    const auto signer = [&](const key_pair& pair) { return dir.file("s.pem", pair.private_pem); };
    CHECK(accepts(*loaded, sign_with_pem(short_claims, signer(rsa), "r")));
    CHECK(accepts(*loaded, sign_with_pem(short_claims, signer(ec), "e")));
    CHECK(accepts(*loaded, sign_with_pem(short_claims, signer(ed), "d")));
    CHECK(accepts(*loaded, sign_with_pem(short_claims, signer(ed))));
    CHECK(accepts(*loaded, sign_hs256(short_claims, "shared", "o")));
    CHECK_FALSE(accepts(*loaded, sign_hs256(short_claims, "shared", "r")));
    CHECK_FALSE(accepts(*loaded, sign_with_pem(short_claims, signer(rsa), "e")));
  }

  TEST_CASE("JWKS keys meant for something else are passed over") {
    const temp_dir dir;
    const auto rsa = make_rsa();
    const auto usable = R"({"kty":"oct","kid":"o","k":"c2hhcmVk"})";
    for (const auto& other :
         {rsa_jwk(rsa, R"(,"use":"enc")"), rsa_jwk(rsa, R"(,"alg":"RS512")"),
          rsa_jwk(rsa, R"(,"alg":"HS256")"), rsa_jwk(rsa, R"(,"key_ops":["encrypt"])"),
          std::string(R"({"kty":"EC","crv":"P-521","x":"AA","y":"AA"})"),
          std::string(R"({"kty":"oct","alg":"HS512","k":"c2hhcmVk"})"),
          std::string(R"({"kty":"quantum"})"), std::string("{}")}) {
      const auto keys = key_set::load(with_jwks(dir.file("k.json", jwks(other + ',' + usable))));
      REQUIRE(keys.ok());
      CHECK(keys->size() == 1);
      CHECK(mentions(load_error(with_jwks(dir.file("only.json", jwks(other)))), "no key"));
    }
  }

  TEST_CASE("a bad JWKS file is named with the key and member that is wrong") {
    const temp_dir dir;
    const auto usable = std::string(R"({"kty":"oct","k":"c2hhcmVk"},)");
    const auto off_curve = R"({"kty":"EC","crv":"P-256","x":")" +
                           base64url_encode(std::string(32, 'a')) + R"(","y":")" +
                           base64url_encode(std::string(32, 'b')) + "\"}";
    const struct {
      std::string text;
      const char* says;
    } files[] = {
        {"[]", "JSON object"},
        {"{}", "\"keys\""},
        {R"({"keys":{}})", "\"keys\""},
        {R"({"keys":[]})", "no key"},
        {"{\"keys\":[", "JSON object"},
        {jwks(usable + "7"), "keys[1]"},
        {jwks(usable + R"({"kty":"oct"})"), "\"k\""},
        {jwks(usable + R"({"kty":"oct","k":"a+b/"})"), "keys[1]: member \"k\""},
        {jwks(usable + R"({"kty":"oct","k":""})"), "\"k\""},
        {jwks(R"({"kty":"oct","kid":5,"k":"c2hhcmVk"})"), "\"kid\""},
        {jwks(R"({"kty":"OKP","crv":"Ed25519","x":"AAAA"})"), "32 bytes"},
        {jwks(R"({"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"})"), "32 bytes"},
        {jwks(off_curve), "EC"},
        {jwks(R"({"kty":"RSA","n":"AQAB","e":"AQAB"})"), "bits"},
        {jwks(R"({"kty":"RSA","n":"AQAB","e":"AQ"})"), "exponent"},
        {jwks(R"({"kty":"RSA","n":"AQAB"})"), "\"e\""},
    };
    for (const auto& file : files) {
      CAPTURE(file.text);
      const auto message = load_error(with_jwks(dir.file("set.json", file.text)));
      CAPTURE(message);
      CHECK(mentions(message, "set.json"));
      CHECK(mentions(message, file.says));
    }
  }
}
