#include "net/http/cors.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace starling;
using namespace starling::net;

TEST_SUITE("net/cors") {
  TEST_CASE("a listed origin is echoed exactly, with credentials") {
    const cors_policy policy({"https://app.example.com", "http://localhost:3000"});
    const auto answer = policy.check("https://app.example.com");
    CHECK(answer.allowed);
    CHECK(answer.allow_origin == "https://app.example.com");
    CHECK(answer.credentials);
    CHECK(answer.vary);
    CHECK(policy.check("http://localhost:3000").allow_origin == "http://localhost:3000");
  }

  TEST_CASE("scheme, host and port all count") {
    const cors_policy policy({"https://app.example.com", "http://localhost:3000"});
    for (const char* origin :
         {"http://app.example.com", "https://app.example.com:8443", "https://example.com",
          "https://app.example.com.evil.org", "https://evil.org/https://app.example.com",
          "http://localhost", "http://localhost:3001", "null", "", "https://app.example.com ",
          "https://app.example.com\r\nX: y"}) {
      CAPTURE(origin);
      const auto answer = policy.check(origin);
      CHECK_FALSE(answer.allowed);
      CHECK(answer.allow_origin.empty());
      CHECK_FALSE(answer.credentials);
      CHECK(answer.vary);
    }
  }

  TEST_CASE("case of host and the default port make no difference") {
    const cors_policy policy({"https://App.Example.com:443"});
    CHECK(policy.check("https://app.example.com").allowed);
    CHECK(policy.check("HTTPS://APP.example.com").allowed);
    CHECK_FALSE(policy.check("https://app.example.com:80").allowed);
  }

  TEST_CASE("a wildcard takes one or more labels and nothing else") {
    const cors_policy policy({"https://*.example.com", "http://v0-*.dev.test:8080"});
    for (const char* origin :
         {"https://a.example.com", "https://a-1.b.example.com", "http://v0-abc.dev.test:8080"}) {
      CAPTURE(origin);
      const auto answer = policy.check(origin);
      CHECK(answer.allowed);
      CHECK(answer.allow_origin == origin);
      CHECK(answer.credentials);
    }
    for (const char* origin :
         {"https://example.com", "https://.example.com", "https://a..example.com",
          "https://aexample.com", "http://a.example.com", "https://a.example.com:8443",
          "https://a.example.com.evil.org", "https://evil.org/.example.com",
          "https://evil.org#.example.com", "https://user@.example.com",
          "https://evil.org:1.example.com", "https://*.example.com", "http://v0-.dev.test:8080",
          "http://v0-abc.dev.test"}) {
      CAPTURE(origin);
      CHECK_FALSE(policy.check(origin).allowed);
    }
  }

  TEST_CASE("the star allows all others without credentials") {
    const cors_policy open({"*"});
    const auto answer = open.check("https://anything.test");
    CHECK(answer.allowed);
    CHECK(answer.allow_origin == "*");
    CHECK_FALSE(answer.credentials);
    CHECK_FALSE(answer.vary);
    CHECK(open.check("null").allowed);
    CHECK(open.check(std::nullopt).allow_origin == "*");
  }

  TEST_CASE("listed origins beside the star keep credentials, and answers vary") {
    const cors_policy policy({"*", "https://app.example.com"});
    CHECK(policy.check("https://app.example.com").credentials);
    CHECK_FALSE(policy.check("https://other.test").credentials);
    CHECK(policy.check("https://other.test").allow_origin == "*");
    CHECK(policy.check("https://other.test").vary);
  }

  TEST_CASE("the origin null never gets credentials") {
    const auto answer = cors_policy({"null"}).check("null");
    CHECK(answer.allowed);
    CHECK(answer.allow_origin == "null");
    CHECK_FALSE(answer.credentials);
  }

  TEST_CASE("requests without origin and of the node's own pages are always allowed") {
    const cors_policy none;
    CHECK(none.check(std::nullopt).allowed);
    CHECK(none.check(std::nullopt).allow_origin.empty());
    CHECK(none.check("http://127.0.0.1:8081", "127.0.0.1:8081").allowed);
    CHECK(none.check("https://node.test", "node.test:443").allowed);
    CHECK(none.check("https://node.test", "Node.test").allowed);
    CHECK_FALSE(none.check("http://127.0.0.1:3000", "127.0.0.1:8081").allowed);
    CHECK_FALSE(none.check("http://127.0.0.1:8081").allowed);
    CHECK_FALSE(none.check("null", "null").allowed);
  }

  TEST_CASE(
      "without an Origin a cookie counts unless the browser says it was another site's page") {
    const cors_policy policy({"*", "https://app.example.com"});
    for (const auto* site : {"same-origin", "none"})
      CHECK_MESSAGE(policy.check(std::nullopt, "node.test", false, site).cookie, site);
    for (const auto* site : {"cross-site", "same-site", "", "Same-Origin", "x"})
      CHECK_MESSAGE(!policy.check(std::nullopt, "node.test", false, site).cookie, site);
    // With an Origin that decides: a listed page is at another site, and may.
    CHECK(policy.check("https://app.example.com", "node.test", false, "cross-site").cookie);
    CHECK_FALSE(policy.check("https://evil.test", "node.test", false, "same-site").cookie);
  }

  TEST_CASE("a cookie counts for pages of the node and of listed origins only") {
    const cors_policy open({"*", "null", "https://app.example.com", "https://*.own.test"});
    CHECK(open.check(std::nullopt).cookie);
    CHECK(open.check("https://app.example.com").cookie);
    CHECK(open.check("https://a.own.test").cookie);
    CHECK(open.check("http://127.0.0.1:8081", "127.0.0.1:8081").cookie);
    CHECK_FALSE(open.check("https://evil.test", "node.test").cookie);
    CHECK_FALSE(open.check("http://127.0.0.1:3000", "127.0.0.1:8081").cookie);
    CHECK_FALSE(open.check("null", "node.test").cookie);
    CHECK_FALSE(open.check("", "node.test").cookie);
    CHECK(cors_policy().check("https://node.test", "node.test").cookie);
  }

  TEST_CASE("an endless origin is refused") {
    const cors_policy policy({"https://*a*.example.com"});
    CHECK_FALSE(policy.check("https://" + std::string(1'000'000, 'a') + ".example.com").allowed);
  }

  TEST_CASE("a configured origin that cannot work is named with the reason") {
    for (const char* good : {"*", "null", "https://a.test", "http://localhost:3000",
                             "https://*.a.test", "http://[::1]:8080", "capacitor://localhost"}) {
      CAPTURE(good);
      CHECK(cors_policy::check_entry(good).ok());
    }
    for (const char* bad : {"", "a.test", "https://", "https://a.test/", "*://a.test",
                            "http://localhost:*", "http://localhost:", "https://a b.test",
                            "https://a..test", "https://*.*.*.test", "://a.test"}) {
      CAPTURE(bad);
      const auto checked = cors_policy::check_entry(bad);
      REQUIRE_FALSE(checked.ok());
      CHECK(checked.error().message.find(bad) != std::string::npos);
      CHECK_FALSE(cors_policy({bad}).check(bad).allowed);
    }
  }
}
