#include <doctest/doctest.h>

#include "tests/net/http_fixture.hpp"

using namespace starling;
using namespace starling::net;
using namespace starling::net::test;

namespace {
const std::string item = R"({"room":"lobby","event":"note","data":1})";
}  // namespace

TEST_SUITE("net/http_handlers") {
  TEST_CASE("one item is answered by status, a batch by an array") {
    http_fixture at;
    CHECK(at.ask("POST", "/api/publish", at.bearer(), item)
              .ends_with(R"({"id":"made","position":"7-9"})"));
    const auto batch = at.ask("POST", "/api/publish", at.bearer(), "[" + item + R"(,{"room":7}])");
    CHECK(status_of(batch) == 200);
    CHECK(has(batch, R"([{"id":"made","position":"7-9"},{"error":{)"));
    const auto lines = at.ask("POST", "/api/publish",
                              at.bearer() + "Content-Type: application/x-ndjson; charset=utf-8\r\n",
                              item + "\n" + item + "\n");
    CHECK(has(lines, R"([{"id":"made","position":"7-9"},{"id")"));
    std::string many = "[" + item;
    for (int i = 0; i < 1000; ++i) many += "," + item;
    CHECK(status_of(at.ask("POST", "/api/publish", at.bearer(), many + "]")) == 413);
    CHECK(status_of(at.ask("POST", "/api/publish", at.bearer(), "{")) == 400);
  }

  TEST_CASE("a refusal of the service is the status of its code; 503 says when to come back") {
    http_fixture at;
    errc code = errc::unavailable;
    at.node.on_publish = [&](publish_batch, auto done) { done({error{code, "why"}}); };
    CHECK(has(at.ask("POST", "/api/publish", at.bearer(), item), "Retry-After: 1\r\n"));
    code = errc::forbidden;
    const auto forbidden = at.ask("POST", "/api/publish", at.bearer(), item);
    CHECK(status_of(forbidden) == 403);
    CHECK(has(forbidden, R"({"error":{"code":"forbidden","message":"why"}})"));
  }

  TEST_CASE("the idempotency key is handed on, and checked") {
    http_fixture at;
    std::string key;
    at.node.on_publish = [&](publish_batch batch, auto done) {
      key = batch.idempotency_key;
      done({published_ok()});
    };
    at.ask("POST", "/api/publish", at.bearer() + "Idempotency-Key: k 1\r\n", item);
    CHECK(key == "k 1");
    CHECK(status_of(at.ask("POST", "/api/publish",
                           at.bearer() + "Idempotency-Key: " + std::string(129, 'k') + "\r\n",
                           item)) == 400);
  }

  TEST_CASE("publish_rate is per token and counts items") {
    http_fixture at([](http_options&, http_settings& s) { s.publish_rate = 2; });
    const auto ida = at.bearer("ida");
    CHECK(status_of(at.ask("POST", "/api/publish", ida, "[" + item + "," + item + "]")) == 200);
    const auto over = at.ask("POST", "/api/publish", ida, item);
    CHECK(status_of(over) == 429);
    CHECK(has(over, "Retry-After: 1\r\n"));
    CHECK(has(over, R"("code":"rate_limited")"));
    CHECK(status_of(at.ask("POST", "/api/publish", at.bearer("bob"), item)) == 200);
  }

  TEST_CASE("paths carry encoded names; a name that cannot be is 400") {
    http_fixture at;
    CHECK(has(at.ask("GET", "/api/rooms/chat%3A7%2Fx/history?limit=3", at.bearer()),
              R"("name":"chat:7/x")"));
    CHECK(status_of(at.ask("GET", "/api/rooms/a%20b/history", at.bearer())) == 400);
    CHECK(has(at.ask("DELETE", "/api/rooms/r/members/ann%40x", at.bearer("r", R"("admin":true,)")),
              R"("member":"ann@x")"));
    CHECK(status_of(at.ask("GET", "/nope")) == 404);
    const auto wrong = at.ask("DELETE", "/api/publish");
    CHECK(status_of(wrong) == 405);
    CHECK(has(wrong, "Allow: POST\r\n"));
  }

  TEST_CASE("a new session token comes in the header or the body and must be good") {
    http_fixture at;
    at.node.on_call = [](api_request asked, auto done) {
      done({200, asked.name + " " + asked.new_token->user.str() + " " + asked.who->user.str()});
    };
    CHECK(has(at.ask("POST", "/api/session/c1/token", at.bearer("ann")), "c1 ann ann"));
    CHECK(has(at.ask("POST", "/api/session/c1/token", "Authorization: Bearer old\r\n",
                     R"({"token":")" + at.token("bob") + "\"}"),
              "c1 bob bob"));
    CHECK(status_of(at.ask("POST", "/api/session/c1/token", "", R"({"token":"x"})")) == 401);
    CHECK(status_of(at.ask("POST", "/api/session/c1/token", "", R"({"tok":1})")) == 400);
    CHECK(status_of(at.ask("POST", "/api/session/c1/token")) == 401);
  }

  TEST_CASE("errors of the compatible API are plain text in JSON") {
    http_fixture at;
    at.node.on_call = [](api_request, auto done) {
      done({404, R"({"error":{"code":"not_found","message":"client not found"}})"});
    };
    CHECK(has(at.ask("POST", "/api/sse/send/c1", at.bearer(), "{}"),
              R"({"error":"client not found"})"));
    CHECK(has(at.ask("GET", "/api/sse/stats"), R"({"error":"a token)"));
  }

  TEST_CASE("the compatible API publishes within the same limits") {
    http_fixture at([](http_options&, http_settings& s) {
      s.limits.max_event_bytes = 10;
      s.publish_rate = 2;
    });
    const auto root = at.bearer("root", R"("admin":true,)");
    const std::string ten = R"({"event":"e","data":"0123456789"})";
    const std::string eleven = R"({"event":"e","data":"0123456789\n"})";
    for (const std::string path : {"/api/sse/broadcast", "/api/sse/send/c1"}) {
      CAPTURE(path);
      const auto over = at.ask("POST", path, root, eleven);
      CHECK(status_of(over) == 413);
      CHECK(has(over, R"({"error":"data has 11 bytes, limits.max_event_bytes is 10"})"));
      const auto reserved = at.ask("POST", path, root, R"({"event":"goodbye","data":"0"})");
      CHECK(status_of(reserved) == 400);
      CHECK(has(reserved, "goodbye"));
      const auto broken = at.ask("POST", path, root, R"({"data":"0)");
      CHECK(status_of(broken) == 400);
      CHECK(has(broken, R"({"error":"malformed JSON)"));
      CHECK(status_of(at.ask("POST", path, root, ten)) == 200);
    }
    const auto limited = at.ask("POST", "/api/sse/broadcast", root, ten);
    CHECK(status_of(limited) == 429);
    CHECK(has(limited, "Retry-After: 1\r\n"));
    CHECK(has(limited, R"({"error":"this token publishes faster)"));
  }

  TEST_CASE("health names its checks and needs no token; readyz and healthz differ") {
    http_fixture at;
    at.node.state = {false, {{"engine", true, ""}, {"draining", true, "node \"a\""}}};
    CHECK(status_of(at.ask("GET", "/livez")) == 200);
    CHECK(status_of(at.ask("GET", "/health")) == 200);
    const auto ready = at.ask("GET", "/ready");
    CHECK(status_of(ready) == 503);
    CHECK(has(ready,
              R"({"status":"unavailable","checks":[{"name":"engine","ok":true,"detail":""},)"));
    at.node.state.checks[0].ok = false;
    CHECK(status_of(at.ask("GET", "/healthz")) == 503);
    CHECK(has(at.ask_admin("GET", "/metrics"), "Content-Type: text/plain; version=0.0.4"));
  }
}
