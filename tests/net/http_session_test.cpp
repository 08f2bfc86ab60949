#include <condition_variable>
#include <mutex>

#include <doctest/doctest.h>

#include "net/base/limits.hpp"
#include "tests/net/http_fixture.hpp"

using namespace starling;
using namespace starling::net;
using namespace starling::net::test;
using namespace std::chrono_literals;

namespace {

std::string post(const std::string& body, const std::string& headers) {
  return "POST /api/publish HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + headers + "\r\n" + body;
}
}  // namespace

TEST_SUITE("net/http_session: requests") {
  TEST_CASE("requests on one connection are answered in order, pipelined or not") {
    http_fixture at;
    auto client = at.connect();
    client.send(post(R"({"room":"r","event":"e","data":1,"id":"one"})", at.bearer()));
    CHECK(has(client.read_answer(), R"("id":"one")"));
    std::string three;
    for (const auto id : {"a1", "a2", "a3"})
      three += post(R"({"room":"r","event":"e","data":1,"id":")" + std::string(id) + R"("})",
                    at.bearer());
    client.send(three);
    for (const auto id : {"a1", "a2", "a3"}) CHECK(has(client.read_answer(), id));
  }

  TEST_CASE("an answer that comes later holds back the pipelined ones behind it") {
    http_fixture at;
    std::function<void(std::vector<publish_verdict>)> owed;
    std::mutex mutex;
    std::condition_variable published;
    at.node.on_publish = [&](publish_batch, auto done) {
      const std::scoped_lock lock(mutex);
      owed = std::move(done);
      published.notify_one();
    };
    auto client = at.connect();
    client.send(post(item, at.bearer()) + "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
    {
      std::unique_lock lock(mutex);
      REQUIRE(published.wait_for(lock, 5s, [&] { return bool(owed); }));
    }
    at.on_loop([&] {
      owed({published_ok()});
      owed = nullptr;
    });
    CHECK(has(client.read_answer(), "position"));
    CHECK(has(client.read_answer(), "\"status\":\"ok\""));
  }

  TEST_CASE("who sends many requests at once does not keep others waiting until all are answered") {
    http_fixture at;
    std::vector<std::string> order;
    at.node.on_publish = [&](publish_batch batch, auto done) {
      order.push_back(batch.items.front()->id);
      done({published_ok()});
    };
    auto greedy = at.connect();
    auto modest = at.connect();
    const auto with_id = [&](const std::string& id) {
      return post(R"({"room":"r","event":"e","data":1,"id":")" + id + R"("})", at.bearer());
    };
    std::string many;
    for (int i = 0; i < 12; ++i) many += with_id("greedy");
    at.on_loop([&] {  // the loop finds both at once
      greedy.send(many);
      modest.send(with_id("modest"));
    });
    for (int i = 0; i < 12; ++i) greedy.read_answer();
    modest.read_answer();
    REQUIRE(order.size() == 13);
    CHECK(order.front() == "greedy");
    CHECK(order.back() == "greedy");
  }

  TEST_CASE("a request that arrives byte by byte is one request") {
    http_fixture at;
    auto client = at.connect();
    for (const char c : post(item, at.bearer())) client.send({&c, 1});
    CHECK(status_of(client.read_answer()) == 200);
  }

  TEST_CASE("a chunked body is put together") {
    http_fixture at;
    auto client = at.connect();
    client.send("POST /api/publish HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" +
                at.bearer() + "\r\n5\r\n" + item.substr(0, 5) + "\r\n");
    char size[8];
    std::snprintf(size, sizeof size, "%zx", item.size() - 5);
    client.send(std::string(size) + ";x=y\r\n" + item.substr(5) + "\r\n0\r\nTrailer: t\r\n\r\n");
    CHECK(status_of(client.read_answer()) == 200);
  }

  TEST_CASE(
      "Expect: 100-continue is answered before the body, and not when the request is refused") {
    http_fixture at;
    auto client = at.connect();
    const auto whole = post(item, "Expect: 100-continue\r\n" + at.bearer());
    client.send(whole.substr(0, whole.size() - item.size()));
    CHECK(has(client.read_until("\r\n\r\n"), "100 Continue"));
    client.send(item);
    CHECK(status_of(client.read_answer()) == 200);

    auto stranger = at.connect();
    const auto refused = post(item, "Expect: 100-continue\r\n");
    stranger.send(refused.substr(0, refused.size() - item.size()));
    CHECK(status_of(stranger.read_all()) == 401);
  }

  TEST_CASE("a refused request with a small body leaves the connection usable") {
    http_fixture at;
    auto client = at.connect();
    client.send(post(item, ""));
    CHECK(status_of(client.read_answer()) == 401);
    client.send(post(item, at.bearer()));
    CHECK(status_of(client.read_answer()) == 200);
  }

  TEST_CASE("HTTP/1.0 ends with the answer unless it asks to stay") {
    http_fixture at;
    auto closing = at.connect();
    closing.send("GET /livez HTTP/1.0\r\n\r\n");
    CHECK(has(closing.read_all(), "Connection: close\r\n"));
    auto staying = at.connect();
    for (int i = 0; i < 2; ++i) {
      staying.send("GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
      CHECK(has(staying.read_answer(), "Connection: keep-alive\r\n"));
    }
  }

  TEST_CASE("HEAD has the headers of GET and no body") {
    http_fixture at;
    const auto answer = at.ask("HEAD", "/");
    CHECK(status_of(answer) == 200);
    CHECK(has(answer, "Content-Length: 18\r\n"));
    CHECK(answer.ends_with("\r\n\r\n"));
  }

  TEST_CASE("HEAD of a stream is refused as GET would be, and opens and takes nothing") {
    http_fixture at([](http_options&, http_settings& s) { s.connect_rate = 0.01; });
    const auto json = at.bearer() + "Accept: application/json\r\n";
    for (const auto* path : {"/events", "/sse", "/api/sse/connect", "/api/poll"}) {
      CAPTURE(path);
      at.node.full.reset();
      CHECK(status_of(at.ask("HEAD", path, json)) == 200);
      at.node.full = make_goodbye(close_code::draining, std::chrono::seconds(2), {7, 9});
      const auto full = at.ask("HEAD", path, json);
      CHECK(status_of(full) == 503);
      CHECK(has(full, "Retry-After: 2\r\n"));
      CHECK(full.ends_with("\r\n\r\n"));
      const auto streams = at.ask("HEAD", path, at.bearer());
      if (path == std::string_view("/api/poll")) continue;
      CHECK(status_of(streams) == 200);
      CHECK(has(streams, "Retry-After: 2\r\n"));
      CHECK(streams.ends_with("\r\n\r\n"));
    }
    at.node.full.reset();
    auto stream = at.connect();
    stream.send(get("/events", at.bearer()));
    stream.read_until("event: connected");
    CHECK(status_of(at.ask("HEAD", "/events", json)) == 429);
    CHECK(status_of(at.ask("HEAD", "/api/poll", json)) == 429);
  }

  TEST_CASE("HEAD of a poll says what GET would send, but not how much") {
    http_fixture at;
    const auto answer = at.ask("HEAD", "/api/poll", at.bearer());
    CHECK(status_of(answer) == 200);
    CHECK(has(answer, "Content-Type: application/json\r\n"));
    CHECK_FALSE(has(answer, "Content-Length"));
  }

  TEST_CASE("an asset is not sent again to who has it") {
    http_fixture at;
    const auto page = at.ask("GET", "/");
    CHECK(page.ends_with("<html>hello</html>"));
    const auto tag = page.find("ETag: ") + 6;
    const auto again = at.ask(
        "GET", "/", "If-None-Match: " + page.substr(tag, page.find('\r', tag) - tag) + "\r\n");
    CHECK(status_of(again) == 304);
    CHECK(status_of(at.ask("GET", "/admin")) == 404);
    CHECK(status_of(at.ask_admin("GET", "/admin")) == 200);
  }

  TEST_CASE("an asset is sent gzipped to who accepts that, and each form has its own ETag") {
    http_fixture at;
    const auto etag_in = [](const std::string& answer) {
      const auto tag = answer.find("ETag: ") + 6;
      return answer.substr(tag, answer.find('\r', tag) - tag);
    };
    const auto plain = at.ask("GET", "/lib.js");
    CHECK(plain.ends_with("<html>hello</html>"));
    CHECK(has(plain, "Vary: Accept-Encoding\r\n"));
    CHECK_FALSE(has(plain, "Content-Encoding"));
    const auto small = at.ask("GET", "/lib.js", "Accept-Encoding: br, gzip\r\n");
    CHECK(small.ends_with("squeezed"));
    CHECK(has(small, "Content-Encoding: gzip\r\n"));
    CHECK(has(small, "Content-Length: 8\r\n"));
    CHECK(has(small, "Vary: Accept-Encoding\r\n"));
    CHECK(etag_in(small) != etag_in(plain));
    const auto head = at.ask("HEAD", "/lib.js", "Accept-Encoding: gzip\r\n");
    CHECK(has(head, "Content-Encoding: gzip\r\n"));
    CHECK(has(head, "Content-Length: 8\r\n"));
    CHECK(head.ends_with("\r\n\r\n"));

    const auto ask_again = [&](const std::string& etag) {
      return at.ask("GET", "/lib.js", "Accept-Encoding: gzip\r\nIf-None-Match: " + etag + "\r\n");
    };
    const auto known = ask_again(etag_in(small));
    CHECK(status_of(known) == 304);
    CHECK(has(known, "Vary: Accept-Encoding\r\n"));
    CHECK(status_of(ask_again(etag_in(plain))) == 200);

    for (const auto* refusing : {"gzip;q=0", "*;q=0.5, gzip;q=0.0", "br", "identity", ""}) {
      CAPTURE(refusing);
      const auto answer =
          at.ask("GET", "/lib.js", std::string("Accept-Encoding: ") + refusing + "\r\n");
      CHECK(answer.ends_with("<html>hello</html>"));
    }
    CHECK(at.ask("GET", "/lib.js", "Accept-Encoding: *\r\n").ends_with("squeezed"));
    const auto only_plain = at.ask("GET", "/", "Accept-Encoding: gzip\r\n");
    CHECK(only_plain.ends_with("<html>hello</html>"));
    CHECK_FALSE(has(only_plain, "Accept-Encoding"));
  }

  TEST_CASE("pages run no script but ours, and neither they nor admin answers stand in a frame") {
    http_fixture at;
    for (const auto& answer :
         {at.ask("GET", "/"), at.ask_admin("GET", "/admin"),
          at.ask_admin("GET", "/admin/v1/nodes", at.bearer("ida", R"("admin":true,)")),
          at.ask_admin("GET", "/admin/v1/nodes"), at.ask_admin("GET", "/admin/v1/nope"),
          at.ask_admin("POST", "/admin/v1/nodes")}) {
      CAPTURE(answer);
      CHECK(has(answer, "Content-Security-Policy: default-src 'none';"));
      CHECK_FALSE(has(answer, "unsafe-inline"));
      CHECK(has(answer, "frame-ancestors 'none'"));
      CHECK(has(answer, "X-Frame-Options: DENY\r\n"));
      CHECK(has(answer, "X-Content-Type-Options: nosniff\r\n"));
    }
    CHECK(has(at.ask("GET", "/"), "script-src 'self';"));
    // The admin page looks which other node is there when its own is not.
    CHECK(has(at.ask("GET", "/"), "connect-src 'self'\r\n"));
    CHECK(has(at.ask_admin("GET", "/admin"), "connect-src 'self' http: https:\r\n"));
  }

  TEST_CASE("a path takes as much body as it needs, and open ones none") {
    http_fixture at;
    const auto before = limit_counts::get(limit_kind::request_body);
    CHECK(status_of(at.ask("GET", "/livez", "", "x")) == 413);
    CHECK(has(at.ask("GET", "/metrics", "", std::string(100'000, 'x')), "takes no body"));
    const auto path = "/api/session/00000000-0000-0000-0000-000000000001/token";
    CHECK(status_of(at.ask("POST", path, "", std::string(16 * 1024 + 1, '['))) == 413);
    CHECK(limit_counts::get(limit_kind::request_body) == before + 3);
    CHECK(status_of(at.ask("POST", path, "", std::string(16 * 1024, '['))) == 400);
    CHECK(status_of(at.ask("POST", path, "", R"({"a":[{}],"token":")" + at.token("ida") + "\"}")) ==
          200);
    auto chunked = at.connect();
    chunked.send(std::string("POST ") + path +
                 " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5000\r\n");
    CHECK(status_of(chunked.read_all()) == 413);
  }

  TEST_CASE("an answer larger than the socket takes arrives whole") {
    http_fixture at;
    const std::string large(16 * 1024 * 1024, 'x');
    at.node.on_call = [&](api_request, auto done) { done({200, large}); };
    const auto answer = at.ask("GET", "/api/echo", at.bearer());
    CHECK(answer.size() > large.size());
    CHECK(answer.ends_with(large.substr(0, 100)));
  }

  TEST_CASE("a handler that forgets its answer is answered for: 500") {
    http_fixture at;
    at.node.on_publish = [](publish_batch, auto) {};
    at.node.on_call = [](api_request, auto) {};
    at.node.on_open = [](io_loop&, stream_request, auto) {};
    CHECK(status_of(at.ask("POST", "/api/publish", at.bearer(), item)) == 500);
    CHECK(status_of(at.ask("GET", "/api/echo", at.bearer())) == 500);
    CHECK(status_of(at.ask("GET", "/events", at.bearer())) == 500);
  }

  TEST_CASE("stop closes idle connections and listens no more") {
    http_fixture at;
    auto idle = at.connect();
    idle.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
    idle.read_answer();
    at.server->stop();
    CHECK(idle.read_all().empty());
  }
}

TEST_SUITE("net/http_session: bad input") {
  TEST_CASE("what is no HTTP is answered 400 and closed") {
    http_fixture at;
    for (const std::string bytes :
         {"hello\r\n\r\n", "GET /livez HTTP/2.0\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n"}) {
      CAPTURE(bytes);
      auto client = at.connect();
      client.send(bytes);
      const auto answer = client.read_all();
      CHECK(status_of(answer) == 400);
      CHECK(has(answer, R"("code":"malformed")"));
      CHECK(has(answer, "Connection: close\r\n"));
    }
  }

  TEST_CASE("a request that two parsers could read differently is answered 400 and closed") {
    http_fixture at;
    for (const std::string framing :
         {"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
          "Content-Length: 4\r\nContent-Length: 5\r\n\r\n12345",
          "Content-Length: 4\r\nContent-Length: 4\r\n\r\n1234",
          "Content-Length: 4, 4\r\n\r\n1234",
          "Content-Length: +4\r\n\r\n1234",
          "Content-Length: 0x4\r\n\r\n1234",
          "Content-Length: 4 4\r\n\r\n1234",
          "Content-Length : 4\r\n\r\n1234",
          "Content-Length: 18446744073709551620\r\n\r\n1234",
          "Content-Length:\r\n\r\n1234",
          "Content-Length: 4\n\r\n1234",
          "Content-Length: 4\r\n\n1234",
          "X: a\rContent-Length: 4\r\n\r\n1234",
          "X: a\r\n Content-Length: 4\r\n\r\n1234",
          "X: a\r\n\tb\r\nContent-Length: 4\r\n\r\n1234",
          " X: a\r\n\r\n",
          "X\x01: a\r\n\r\n",
          "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\n0\n\n",
          "Transfer-Encoding: chunked\r\n\r\n 0\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\n10000000000000001\r\n1\r\n0\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 4\r\n\r\n",
          "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
          "Transfer-Encoding: identity\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\n2\r\n123\r\n0\r\n\r\n",
          "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}) {
      CAPTURE(framing);
      auto client = at.connect();
      client.send("POST /api/publish HTTP/1.1\r\nHost: x\r\n" + at.bearer() + framing +
                  "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
      const auto answer = client.read_all();
      CHECK(status_of(answer) == 400);
      CHECK_FALSE(has(answer, "200 OK"));
    }
  }

  TEST_CASE("chunk extensions are bounded over all chunks") {
    http_fixture at;
    const auto head = "POST /api/publish HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" +
                      at.bearer() + "\r\n";
    const std::string chunk = "1;" + std::string(1000, 'x') + "\r\n \r\n";
    auto patient = at.connect();
    patient.send(head + chunk + chunk + "1;x=\"y\"\r\n \r\n0\r\n\r\n");
    CHECK(has(patient.read_answer(), "the body is empty"));
    auto greedy = at.connect();
    greedy.send(head);
    for (int i = 0; i < 5; ++i) greedy.send(chunk);
    const auto answer = greedy.read_all();
    CHECK(status_of(answer) == 400);
    CHECK(has(answer, "chunk extensions"));
  }

  TEST_CASE("a header over its limit is 431, a body over its limit 413") {
    http_fixture at;
    CHECK(status_of(at.ask("GET", "/livez", "X: " + std::string(17 * 1024, 'x') + "\r\n")) == 431);
    std::string many;
    for (int i = 0; i < 3000; ++i) many += "X: abc\r\n";
    CHECK(status_of(at.ask("GET", "/livez", many)) == 431);
    CHECK(status_of(at.ask("GET", "/livez", many.substr(0, 8 * 1900))) == 200);
    auto announced = at.connect();
    announced.send("POST /api/publish HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n" +
                   at.bearer() + "\r\n");
    CHECK(status_of(announced.read_all()) == 413);
    auto chunked = at.connect();
    chunked.send("POST /api/publish HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" +
                 at.bearer() + "\r\nfffffff\r\n");
    CHECK(status_of(chunked.read_all()) == 413);
  }

  TEST_CASE("a page is told of a fault in its header too") {
    http_fixture at;
    const std::string origin = "Origin: https://app.example.com\r\n";
    for (const auto& [request, status] :
         {std::pair{"GET /livez HTTP/1.1\r\n" + origin, 400},
          {"GET /livez HTTP/1.1\r\nHost: x\r\n" + origin + "Bad Field: x\r\n", 400},
          {"POST /api/publish HTTP/1.1\r\nHost: x\r\n" + origin + "Content-Length: 99999999\r\n",
           413},
          {"GET /livez HTTP/1.1\r\nHost: x\r\n" + origin + "X: " + std::string(17 * 1024, 'x') +
               "\r\n",
           431}}) {
      CAPTURE(request);
      auto client = at.connect();
      client.send(request + "\r\n");
      const auto answer = client.read_all();
      CHECK(status_of(answer) == status);
      CHECK(has(answer, "Access-Control-Allow-Origin: https://app.example.com\r\n"));
    }
  }

  TEST_CASE("a request that does not arrive in time is 408; a silent connection is just closed") {
    http_fixture at([](http_options& options, http_settings&) { options.request_deadline = 1s; });
    auto slow_head = at.connect();
    auto slow_body = at.connect();
    auto silent = at.connect();
    slow_head.send("GET /livez HTTP/1.1\r\n");
    const auto request = post(item, at.bearer());
    slow_body.send(request.substr(0, request.size() - 3));
    for (auto* late : {&slow_head, &slow_body}) {
      const auto answer = late->read_all();
      CHECK(status_of(answer) == 408);
      CHECK(has(answer, R"("code":"timeout")"));
    }
    CHECK(silent.read_all().empty());
  }
}

TEST_SUITE("net/http_session: tokens and origins") {
  TEST_CASE("the token is taken from header, query or cookie, in this order") {
    http_fixture at;
    at.node.on_call = [](api_request asked, auto done) {
      done({200, "user=" + asked.caller->user.str()});
    };
    const auto query = "/api/echo?x=1&access_token=" + at.token("query");
    const auto cookie = "Cookie: a=b; starling_token=" + at.token("cookie") + "\r\n";
    CHECK(has(at.ask("GET", query, at.bearer("header") + cookie), "user=header"));
    CHECK(has(at.ask("GET", query, cookie), "user=query"));
    CHECK(has(at.ask("GET", "/api/echo?token=" + at.token("short"), cookie), "user=short"));
    CHECK(has(at.ask("GET", "/api/echo", cookie), "user=cookie"));
  }

  TEST_CASE("401 without a good token, 403 without the right, as JSON with CORS headers") {
    http_fixture at;
    const std::string origin = "Origin: https://app.example.com\r\n";
    for (const auto& headers : {origin, origin + "Authorization: Bearer abc\r\n"}) {
      const auto answer = at.ask("GET", "/events", headers);
      CHECK(status_of(answer) == 401);
      CHECK(has(answer, R"({"error":{"code":"unauthorized","message":")"));
      CHECK(has(answer, "Access-Control-Allow-Origin: https://app.example.com\r\n"));
    }
    CHECK(status_of(at.ask_admin("GET", "/admin/v1/nodes", at.bearer())) == 403);
    CHECK(status_of(at.ask_admin("GET", "/admin/v1/nodes")) == 401);
    CHECK(status_of(at.ask_admin("GET", "/admin/v1/nodes",
                                 at.bearer("root", R"("admin":true,)"))) == 200);
    CHECK(status_of(at.ask("GET", "/admin/v1/nodes", at.bearer("root", R"("admin":true,)"))) ==
          404);
  }

  TEST_CASE("a foreign origin is refused; the node's own pages and preflights are not") {
    http_fixture at;
    CHECK(status_of(at.ask("GET", "/events", "Origin: https://evil.test\r\n" + at.bearer())) ==
          403);
    CHECK(status_of(at.ask("GET", "/api/echo", "Origin: http://x\r\n" + at.bearer())) == 200);
    CHECK(status_of(at.ask("GET", "/livez", "Origin: https://evil.test\r\n")) == 200);
    const auto preflight = at.ask("OPTIONS", "/api/publish",
                                  "Origin: https://app.example.com\r\n"
                                  "Access-Control-Request-Method: POST\r\n");
    CHECK(status_of(preflight) == 204);
    CHECK(has(preflight, "Access-Control-Allow-Origin: https://app.example.com\r\n"));
    CHECK(has(preflight, "last-event-id"));
  }

  TEST_CASE("OPTIONS that is no preflight says what the path answers to") {
    http_fixture at;
    const auto plain = at.ask("OPTIONS", "/api/publish");
    CHECK(status_of(plain) == 204);
    CHECK(has(plain, "Allow: POST, OPTIONS\r\n"));
    CHECK(has(at.ask("OPTIONS", "/.well-known/mercure"), "Allow: GET, HEAD, POST, OPTIONS\r\n"));
    CHECK(status_of(at.ask("OPTIONS", "/nope")) == 404);
    CHECK(status_of(at.ask("OPTIONS", "/admin/v1/nodes")) == 404);
    CHECK(has(at.ask_admin("OPTIONS", "/admin/v1/nodes"), "Allow: GET, HEAD, OPTIONS\r\n"));
    CHECK(status_of(at.ask("OPTIONS", "*")) == 204);
  }

  TEST_CASE("an image or a link on a page of another site opens nothing with the user's cookie") {
    http_fixture at([](http_options&, http_settings& s) { s.cors = cors_policy({"*"}); });
    const auto cookie = "Cookie: starling_token=" + at.token("ida") + "\r\n";
    for (const auto* site : {"cross-site", "same-site"}) {
      CAPTURE(site);
      const auto foreign = cookie + "Sec-Fetch-Site: " + site + "\r\n";
      CHECK(status_of(at.ask("HEAD", "/events", foreign)) == 401);
      CHECK(status_of(at.ask("GET", "/api/echo", foreign)) == 401);
      CHECK(status_of(at.ask("GET", "/api/echo", foreign + at.bearer())) == 200);
    }
    for (const auto* site : {"same-origin", "none"})
      CHECK(status_of(at.ask("HEAD", "/events", cookie + "Sec-Fetch-Site: " + site + "\r\n")) ==
            200);
  }

  TEST_CASE("where any origin may ask, a cookie still speaks for no page of another origin") {
    http_fixture at([](http_options&, http_settings& s) {
      s.cors = cors_policy({"*", "https://app.example.com"});
    });
    const auto cookie = "Cookie: starling_token=" + at.token("ida", R"("admin":true,)") + "\r\n";
    for (const std::string origin : {"https://evil.test", "null"}) {
      CAPTURE(origin);
      const auto foreign = cookie + "Origin: " + origin + "\r\n";
      CHECK(status_of(at.ask("GET", "/events", foreign)) == 401);
      CHECK(status_of(at.ask("GET", "/ws", foreign)) == 401);
      CHECK(status_of(at.ask("POST", "/api/publish", foreign, item)) == 401);
      CHECK(status_of(at.ask("POST", "/api/session/c1/token", foreign)) == 401);
      CHECK(status_of(at.ask_admin("POST", "/admin/v1/nodes/n1/drain", foreign)) == 403);
      CHECK(status_of(at.ask("POST", "/api/publish", foreign + at.bearer(), item)) == 200);
    }
    for (const std::string own :
         {"", "Origin: http://x\r\n", "Origin: https://app.example.com\r\n"})
      CHECK_MESSAGE(status_of(at.ask("POST", "/api/publish", cookie + own, item)) == 200, own);
  }

  TEST_CASE("new settings hold for the next request of an open connection") {
    http_fixture at;
    auto client = at.connect();
    client.send(post(item, at.bearer()));
    CHECK(status_of(client.read_answer()) == 200);
    auto changed = at.settings;
    changed.keys = std::make_shared<const key_set>();
    at.server->update(std::make_shared<const http_settings>(changed));
    client.send(post(item, at.bearer()));
    CHECK(status_of(client.read_answer()) == 401);
  }
}
