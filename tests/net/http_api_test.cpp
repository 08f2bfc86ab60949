#include <doctest/doctest.h>

#include "tests/net/http_fixture.hpp"

using namespace starling;
using namespace starling::net;
using namespace starling::net::test;

namespace {}  // namespace

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

  TEST_CASE("the idempotency key of a publish from a session is the item's id") {
    http_fixture at;
    const auto path = "/api/session/" + session_id::make(1).str() + "/publish";
    const auto key = at.bearer() + "Idempotency-Key: k 1\r\n";
    CHECK(has(at.ask("POST", path, key, item), R"("id":"k 1")"));
    CHECK(has(at.ask("POST", path, key, R"({"room":"lobby","event":"note","data":1,"id":"own"})"),
              R"("id":"own")"));
    const auto bad = at.bearer() + "Idempotency-Key: " + std::string(129, 'k') + "\r\n";
    CHECK(status_of(at.ask("POST", path, bad, item)) == 400);
  }

  TEST_CASE("whoever is refused where one publishes counts once, by code") {
    const auto session = session_id::make(1).str();
    const auto form = std::string("Content-Type: application/x-www-form-urlencoded\r\n");
    for (const std::string& path :
         {std::string("/api/publish"), "/api/session/" + session + "/publish",
          std::string("/api/sse/broadcast"), "/api/sse/send/" + session,
          std::string("/.well-known/mercure")}) {
      CAPTURE(path);
      http_fixture at;
      const bool hub = path == "/.well-known/mercure";
      const auto counts = [&](errc code) {
        at.on_loop([] {});
        return at.refused_publishes(code);
      };
      CHECK(status_of(at.ask("POST", path, "", item)) == 401);
      CHECK(counts(errc::unauthorized) == 1);
      CHECK(status_of(at.ask("POST", path, "Authorization: Bearer bad\r\n" + form, item)) == 401);
      CHECK(counts(errc::unauthorized) == 2);
      CHECK(status_of(at.ask("PUT", path)) == 405);
      CHECK(counts(errc::method_not_allowed) == (hub ? 0 : 1));
      CHECK(status_of(at.ask("POST", path, "Content-Length: 99999999\r\n")) == 413);
      CHECK(counts(errc::too_large) == 1);
      if (hub) continue;
      CHECK(status_of(at.ask("POST", path + "?x=1", at.bearer("r", R"("admin":true,)"), item)) ==
            400);
      CHECK(counts(errc::malformed) == 1);
    }
    http_fixture at;
    CHECK(status_of(at.ask("GET", "/api/echo")) == 401);
    CHECK(status_of(at.ask("POST", "/api/session/c1/publish", at.bearer(), item)) == 404);
    CHECK(at.refused_publishes(errc::unauthorized) == 0);
    CHECK(at.refused_publishes(errc::not_found) == 1);
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
    const auto id = session_id::make(1);
    const auto path = "/api/session/" + id.str() + "/token";
    std::string renewed;
    at.node.on_renew = [&](const identity& fresh, const session_id& named) {
      CHECK(named == id);
      renewed = fresh.user.str();
      return result<void>{};
    };
    CHECK(has(at.ask("POST", path, at.bearer("ann")), R"({"expires":)"));
    CHECK(renewed == "ann");
    CHECK(status_of(at.ask("POST", path, "Authorization: Bearer old\r\n",
                           R"({"token":")" + at.token("bob") + "\"}")) == 200);
    CHECK(renewed == "bob");
    CHECK(status_of(at.ask("POST", "/api/session/c1/token", at.bearer("ann"))) == 404);
    CHECK(status_of(at.ask("POST", "/api/session/c1/token", "", R"({"token":"x"})")) == 401);
    CHECK(status_of(at.ask("POST", "/api/session/c1/token", "", R"({"tok":1})")) == 400);
    CHECK(status_of(at.ask("POST", "/api/session/c1/token")) == 401);
  }

  TEST_CASE("errors of the compatible API are plain text in JSON") {
    http_fixture at;
    at.node.on_send = [](const session_id&, auto done) {
      done(error{errc::not_found, "client not found"});
    };
    CHECK(has(at.ask("POST", "/api/sse/send/" + session_id::make(1).str(), at.bearer(),
                     R"({"data":"x"})"),
              R"({"error":"client not found"})"));
    CHECK(has(at.ask("POST", "/api/sse/send/c1", at.bearer(), R"({"data":"x"})"),
              R"({"error":"client not found"})"));
    CHECK(has(at.ask("POST", "/api/sse/send/c1", at.bearer(), "{}"),
              R"({"error":"data is required and must be text"})"));
    CHECK(has(at.ask("GET", "/api/sse/stats"), R"({"error":"a token)"));
    for (const auto* path : {"/api/sse/broadcast", "/api/sse/send/x", "/api/sse/disconnect/x"})
      CHECK(has(at.ask("GET", path), R"({"error":"this path answers to POST only"})"));
    CHECK(
        has(at.ask("PUT", "/api/sse/stats"), R"({"error":"this path answers to GET, HEAD only"})"));
    CHECK(has(at.ask("POST", "/api/sse/broadcast", "Content-Length: 99999999\r\n"),
              R"({"error":"the request body)"));
  }

  TEST_CASE("the compatible API publishes within the same limits") {
    http_fixture at([](http_options&, http_settings& s) {
      s.limits.max_event_bytes = 10;
      s.publish_rate = 2;
    });
    const auto root = at.bearer("root", R"("admin":true,)");
    const std::string ten = R"({"event":"e","data":"0123456789"})";
    const std::string eleven = R"({"event":"e","data":"0123456789\n"})";
    for (const std::string& path :
         {std::string("/api/sse/broadcast"), "/api/sse/send/" + session_id::make(1).str()}) {
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

  TEST_CASE("the compatible statistics have the names of their clients") {
    http_fixture at;
    CHECK(at.ask("GET", "/api/sse/stats", at.bearer("root", R"("admin":true,)"))
              .ends_with(R"({"statistics":{"active_connections":3,"total_connections":4,)"
                         R"("total_messages":5,"total_bytes":6}})"));
  }

  TEST_CASE("what is done to nodes needs the operator, a tenant's admin is not enough") {
    http_fixture at;
    const auto drain = [&](const std::string& claims) {
      return at.ask_admin("POST", "/admin/v1/nodes/n1/drain", at.bearer("root", claims));
    };
    CHECK(status_of(drain(R"("admin":true,)")) == 200);
    CHECK(status_of(drain(R"("admin":"*","tenant":"acme",)")) == 200);
    CHECK(status_of(drain("")) == 403);
    const auto refused = drain(R"("admin":true,"tenant":"acme",)");
    CHECK(status_of(refused) == 403);
    CHECK(has(refused, "the operator"));
  }

  TEST_CASE(
      "a foreign page reads nothing from the admin listener, whatever the public one allows") {
    http_fixture at([](http_options&, http_settings& s) {
      s.cors = cors_policy({"*", "https://ops.example.com"});
    });
    const std::string path = "/admin/v1/rooms/r";
    const auto root = at.token("root", R"("admin":true,)");
    const auto asked_from = [&](const std::string& origin, const std::string& proof) {
      return at.ask_admin("GET", path, "Origin: " + origin + "\r\n" + proof);
    };
    const auto bearer = "Authorization: Bearer " + root + "\r\n";
    const auto cookie = "Cookie: starling_token=" + root + "\r\n";
    const auto foreign = asked_from("https://evil.example", bearer);
    CHECK(status_of(foreign) == 403);
    CHECK_FALSE(has(foreign, "Access-Control-Allow-Origin"));
    CHECK(status_of(asked_from("https://evil.example", cookie)) == 403);
    CHECK(has(asked_from("https://ops.example.com", bearer),
              "Access-Control-Allow-Origin: https://ops.example.com\r\n"));
    CHECK(status_of(asked_from("http://x", cookie)) == 200);  // its own page
    CHECK_FALSE(has(at.ask_admin("GET", path, bearer), "Access-Control-Allow-Origin"));
    CHECK(has(at.ask("GET", "/api/rooms/r/history", bearer + "Origin: https://evil.example\r\n"),
              "Access-Control-Allow-Origin: *\r\n"));
  }

  TEST_CASE("an unknown query parameter of the API is named") {
    http_fixture at;
    CHECK(status_of(at.ask("GET", "/api/rooms/r/history?limit=1&access_token=" + at.token("i"))) ==
          200);
    const auto wrong = at.ask("GET", "/api/rooms/r/history?limi=1", at.bearer());
    CHECK(status_of(wrong) == 400);
    CHECK(has(wrong, R"(unknown query parameter \"limi\"; this path takes these: after limit)"));
    CHECK(has(at.ask("POST", "/api/publish?room=x", at.bearer(), item),
              R"(unknown query parameter \"room\"; this path takes none)"));
    CHECK(status_of(at.ask("GET", "/livez?cache=7")) == 200);
  }

  TEST_CASE("a body beyond what the row takes is refused before it has arrived") {
    http_fixture at;
    const auto root = at.bearer("root", R"("admin":true,)");
    CHECK(status_of(at.ask_admin("POST", "/admin/v1/nodes/n/drain", root, "{}")) == 200);
    CHECK(status_of(at.ask_admin("POST", "/admin/v1/nodes/n/drain", root, std::string(17, ' '))) ==
          413);
    for (const std::string path : {"/livez", "/events", "/api/rooms/r/history"}) {
      CAPTURE(path);
      auto client = at.connect();
      client.send("GET " + path + " HTTP/1.1\r\nHost: x\r\n" + root +
                  "Content-Length: 1000000\r\n\r\n");
      CHECK(status_of(client.read_answer()) == 413);
    }
    auto chunked = at.connect();
    chunked.send(
        "POST /api/session/c/token HTTP/1.1\r\nHost: x\r\n"
        "Transfer-Encoding: chunked\r\n\r\n4001\r\n");
    CHECK(status_of(chunked.read_answer()) == 413);
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
