#include "net/dialect/mercure/grants.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace starling;
using namespace starling::net::mercure;
using json = nlohmann::json;

namespace {

const json old_header{{"alg", "HS256"}, {"typ", "JWT"}};
const json new_header{{"alg", "HS256"}, {"typ", "AT+jwt"}};

grants old_grants(const char* claims) {
  auto out = read_grants(old_header, json::parse(claims));
  REQUIRE(out.ok());
  return std::move(*out);
}

json detail(const char* topics, const char* actions = R"(["subscribe"])") {
  return {{"type", "https://mercure.rocks/authorization-detail"},
          {"actions", json::parse(actions)},
          {"topics", json::parse(topics)}};
}

topic_selector selector(std::string_view text) {
  return *topic_selector::make(match_type::selector, text);
}

}  // namespace

TEST_SUITE("net/dialect/mercure/grants") {
  TEST_CASE("publishing needs a grant for every topic, seeing one for any") {
    const auto rights =
        old_grants(R"({"mercure":{"publish":["a","https://ex.org/{id}"],"subscribe":["b"]}})");
    CHECK(rights.may_publish({"a"}));
    CHECK(rights.may_publish({"a", "https://ex.org/7"}));
    CHECK_FALSE(rights.may_publish({"a", "c"}));
    CHECK(rights.may_see({"x", "b"}));
    CHECK_FALSE(rights.may_see({"a"}));
  }

  TEST_CASE("no claim, or an empty one, grants nothing") {
    for (const auto* claims : {"{}", R"({"mercure":{}})", R"({"mercure":{"publish":[]}})",
                               R"({"mercure":{"subscribe":["*"]}})"}) {
      CAPTURE(claims);
      CHECK_FALSE(old_grants(claims).may_publish({"a"}));
    }
    CHECK(old_grants(R"({"https://mercure.rocks/":{"publish":["*"]}})").may_publish({"a", "b"}));
  }

  TEST_CASE("the payload of 0.x is that of every subscription") {
    const auto rights = old_grants(R"({"mercure":{"subscribe":["a"],"payload":{"name":"ann"}}})");
    CHECK(rights.payload_for(selector("z")) == R"({"name":"ann"})");
    CHECK(old_grants(R"({"mercure":{"subscribe":["a"]}})").payload_for(selector("a")).empty());
  }

  TEST_CASE("claims of the wrong shape refuse the token") {
    for (const auto* claims :
         {R"({"mercure":[]})", R"({"mercure":{"publish":"*"}})", R"({"mercure":{"publish":[1]}})",
          R"({"mercure":{"subscribe":[""]}})", R"({"mercure":{"subscribe":{}}})"}) {
      CAPTURE(claims);
      CHECK(read_grants(old_header, json::parse(claims)).error().code == errc::unauthorized);
    }
  }

  TEST_CASE("an access token of 1.0 grants by its authorization details") {
    auto with_payload = detail(R"([{"match":"a"},{"match":"/b/:id","match_type":"urlpattern"}])",
                               R"(["subscribe","publish","later"])");
    with_payload["payload"] = {{"n", 1}};
    const json claims{{"mercure", {{"publish", {"*"}}}},
                      {"authorization_details", {with_payload, {{"type", "another"}}}}};
    const auto rights = read_grants(new_header, claims);
    REQUIRE(rights.ok());
    CHECK(rights->may_publish({"a", "/b/7"}));
    CHECK_FALSE(rights->may_publish({"z"}));
    CHECK(rights->may_see({"/b/7"}));
    CHECK(rights->payload_for(selector("a")) == R"({"n":1})");
    CHECK(rights->payload_for(selector("z")).empty());
  }

  TEST_CASE("one detail of ours that cannot be read voids an access token") {
    for (const auto& bad :
         {detail("{}"), detail(R"([{"match":1}])"), detail(R"(["a"])"),
          detail(R"([{"match":"a","match_type":"regexp"}])"), detail(R"([{"match":"a"}])", "{}")}) {
      CAPTURE(bad.dump());
      const json claims{{"authorization_details", {detail(R"([{"match":"a"}])"), bad}}};
      CHECK(read_grants(new_header, claims).error().code == errc::unauthorized);
    }
  }
}
