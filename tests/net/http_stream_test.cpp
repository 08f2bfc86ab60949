#include <condition_variable>
#include <mutex>

#include <doctest/doctest.h>

#include "tests/net/http_fixture.hpp"

using namespace starling;
using namespace starling::net;
using namespace starling::net::test;
using namespace std::chrono_literals;

namespace {

const std::string handshake =
    "Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A responder that the service keeps for later, with its loop.
struct kept_responder {
  std::mutex mutex;
  std::condition_variable came;
  std::unique_ptr<stream_responder> responder;
  stream_request request;

  void keep(http_fixture& at) {
    at.node.on_open = [this](io_loop&, stream_request asked, auto owed) {
      const std::scoped_lock lock(mutex);
      request = std::move(asked);
      responder = std::move(owed);
      came.notify_one();
    };
  }
  void wait() {
    std::unique_lock lock(mutex);
    REQUIRE(came.wait_for(lock, 5s, [this] { return bool(responder); }));
  }
};

}  // namespace

TEST_SUITE("net/http_stream: event streams") {
  TEST_CASE("a stream starts with its headers and the connected event") {
    http_fixture at;
    auto client = at.connect();
    client.send(get("/events?rooms=a,b", at.bearer() + "Origin: https://app.example.com\r\n"));
    const auto head = client.read_until("\r\n\r\n");
    CHECK(status_of(head) == 200);
    for (const auto line :
         {"Content-Type: text/event-stream\r\n", "Cache-Control: no-cache, no-transform\r\n",
          "X-Accel-Buffering: no\r\n", "X-Client-ID: ", "Transfer-Encoding: chunked\r\n",
          "Access-Control-Allow-Origin: https://app.example.com\r\n",
          "Access-Control-Expose-Headers: X-Client-ID"})
      CHECK_MESSAGE(has(head, line), line);
    const auto event = client.read_until("\n\n");
    CHECK(has(event, "retry: 2000\nevent: connected\nid: 7-1\n"));
    CHECK(has(event, R"("rooms":["a","b"])"));
  }

  TEST_CASE("HTTP/1.0 gets a stream without chunks that ends with the connection") {
    http_fixture at;
    auto client = at.connect();
    client.send("GET /events HTTP/1.0\r\n" + at.bearer() + "\r\n");
    const auto head = client.read_until("\r\n\r\n");
    CHECK_FALSE(has(head, "chunked"));
    CHECK(has(head, "Connection: close\r\n"));
    CHECK(client.read_until("\n\n").starts_with("retry: 2000\nevent: connected"));
  }

  TEST_CASE("all that a client may ask for reaches the service") {
    http_fixture at;
    kept_responder kept;
    kept.keep(at);
    auto client = at.connect();
    client.send(
        get("/sse?rooms=a%2Fb,,c,a%2Fb&device=phone&format=both&heartbeat=event&since=last"
            "&last_event_id=7-1",
            "Last-Event-ID: 7-5\r\n" + at.bearer()));
    kept.wait();
    CHECK(kept.request.rooms == std::vector<std::string>{"a/b", "c"});
    CHECK(kept.request.device.str() == "phone");
    CHECK(kept.request.format == wire_format::sse_both);
    CHECK(kept.request.heartbeat_event);
    CHECK(kept.request.since_last);
    CHECK(kept.request.last_event_id == "7-5");
    CHECK(kept.request.remote.starts_with("127.0.0.1:"));
    at.on_loop([&] { kept.responder.reset(); });
    CHECK(status_of(client.read_answer()) == 500);
  }

  TEST_CASE("parameters that cannot be are 400 and say what would be right") {
    http_fixture at;
    for (const auto& [query, hint] :
         {std::pair{"format=xml", "named, envelope, message, both"},
          std::pair{"rooms=a%20b", "rooms"}, std::pair{"device=a%0Ab", "device"},
          std::pair{"since=yesterday", "last"}, std::pair{"heartbeat=loud", "event or comment"}}) {
      CAPTURE(query);
      const auto answer = at.ask("GET", "/events?" + std::string(query), at.bearer());
      CHECK(status_of(answer) == 400);
      CHECK(has(answer, hint));
    }
  }

  TEST_CASE("a parameter that is nearly one of ours is 400 and names it, with or without a token") {
    http_fixture at;
    for (const auto& [query, mistyped, meant] :
         {std::tuple{"room=a", "room", "rooms"}, std::tuple{"roms=a", "roms", "rooms"},
          std::tuple{"ROOMS=a", "ROOMS", "rooms"}, std::tuple{"devise=a", "devise", "device"},
          std::tuple{"last_event=7-1", "last_event", "last_event_id"},
          std::tuple{"rooms=a&acces_token=x", "acces_token", "access_token"}}) {
      CAPTURE(query);
      for (const auto& headers : {at.bearer(), std::string()}) {
        const auto answer = at.ask("GET", "/events?" + std::string(query), headers);
        CHECK(status_of(answer) == 400);
        CHECK(has(answer, "\\\"" + std::string(mistyped) + "\\\""));
        CHECK(has(answer, "did you mean \\\"" + std::string(meant) + "\\\""));
      }
      CHECK(status_of(at.ask("HEAD", "/stream?" + std::string(query), at.bearer())) == 400);
      CHECK(status_of(at.ask("GET", "/ws?" + std::string(query), at.bearer())) == 400);
    }
  }

  TEST_CASE("a parameter that resembles none of ours passes") {
    http_fixture at;
    CHECK(status_of(at.ask("HEAD", "/events?_=17&utm_source=x&v=2&t=1&chat_id=7", at.bearer())) ==
          200);
  }

  TEST_CASE("a cursor may come under the names other systems' clients use") {
    http_fixture at;
    kept_responder kept;
    kept.keep(at);
    for (const std::string name :
         {"last_event_id", "lastEventId", "lastEventID", "Last-Event-ID"}) {
      CAPTURE(name);
      auto client = at.connect();
      client.send(get("/events?" + name + "=7-1", at.bearer()));
      kept.wait();
      CHECK(kept.request.last_event_id == "7-1");
      at.on_loop([&] { kept.responder.reset(); });
    }
  }

  TEST_CASE("a malformed cursor is the service's to judge, and one of no store is malformed") {
    http_fixture at;
    kept_responder kept;
    kept.keep(at);
    auto foreign = at.connect();
    foreign.send(get("/events?last_event_id=garbage", at.bearer()));
    kept.wait();
    CHECK(kept.request.last_event_id == "garbage");
    at.on_loop([&] { kept.responder.reset(); });
    auto refused_before = at.connect();
    refused_before.send(get("/events", "Last-Event-ID: 0-1\r\n" + at.bearer()));
    kept.wait();
    CHECK_FALSE(kept.request.last_event_id);
    at.on_loop([&] { kept.responder.reset(); });
    for (const std::string made_up : {"0-0", "0-z", "0-0.x"}) {
      CAPTURE(made_up);
      auto client = at.connect();
      client.send(get("/events?last_event_id=" + made_up, at.bearer()));
      kept.wait();
      REQUIRE(kept.request.last_event_id);
      CHECK_FALSE(parse_cursor(*kept.request.last_event_id));
      at.on_loop([&] { kept.responder.reset(); });
    }
  }

  TEST_CASE("the closing mark in the header is 204 for who has a token; in the query a position") {
    http_fixture at;
    const std::string mark = "Last-Event-ID: 7-5.x\r\n";
    CHECK(status_of(at.ask("GET", "/events", mark + at.bearer())) == 204);
    CHECK(status_of(at.ask("HEAD", "/events", mark + at.bearer())) == 204);
    CHECK(status_of(at.ask("GET", "/events", mark)) == 401);
    kept_responder kept;
    kept.keep(at);
    auto client = at.connect();
    client.send(get("/events?last_event_id=7-5.x", at.bearer()));
    kept.wait();
    CHECK(kept.request.last_event_id == "7-5");
    at.on_loop([&] { kept.responder.reset(); });
  }

  TEST_CASE("HEAD answers like GET would and opens nothing") {
    http_fixture at;
    at.node.on_open = [](io_loop&, stream_request, auto) { FAIL("opened"); };
    const auto answer = at.ask("HEAD", "/stream", at.bearer());
    CHECK(status_of(answer) == 200);
    CHECK(has(answer, "text/event-stream"));
    CHECK(answer.ends_with("\r\n\r\n"));
    at.node.on_check = [](const stream_request&) {
      return result<void>(error{errc::forbidden, "room"});
    };
    CHECK(status_of(at.ask("HEAD", "/stream", at.bearer())) == 403);
    CHECK(status_of(at.ask("HEAD", "/stream")) == 401);
  }

  TEST_CASE("the service may accept later, and learns when the client has left") {
    http_fixture at;
    kept_responder kept;
    kept.keep(at);
    auto waiting = at.connect();
    waiting.send(get("/events", at.bearer()));
    kept.wait();
    at.on_loop([&] { at.node.welcome(kept.request, *kept.responder); });
    CHECK(has(waiting.read_until("\n\n"), "event: connected"));
    at.on_loop([&] { kept.responder.reset(); });

    auto leaving = std::make_unique<raw_client>(at.server->public_address());
    leaving->send(get("/events", at.bearer()));
    kept.wait();
    leaving.reset();
    fake_session session;
    at.on_loop([&] {
      // The end of the connection is in the kernel before close() returns, on loopback.
      CHECK(kept.responder->accept(connected{.client_id = session_id::make(1)}, session) ==
            nullptr);
      kept.responder.reset();
    });
  }

  TEST_CASE("an error of the service comes before the stream") {
    http_fixture at;
    at.node.on_open = [](io_loop&, stream_request, auto owed) {
      owed->fail({errc::forbidden, "room secret"});
    };
    const auto answer = at.ask("GET", "/events", at.bearer());
    CHECK(status_of(answer) == 403);
    CHECK(has(answer, R"({"error":{"code":"forbidden","message":"room secret"}})"));
  }
}

TEST_SUITE("net/http_stream: refusals") {
  TEST_CASE("who reads event streams gets 200, retry, goodbye and a proper end") {
    http_fixture at;
    at.node.on_open = [](io_loop&, stream_request, auto owed) {
      owed->refuse(make_goodbye(close_code::draining, 1500ms, {7, 3}));
    };
    for (const std::string accept :
         {"", "Accept: */*\r\n", "Accept: text/event-stream\r\n", "Accept: text/*;q=0.1\r\n"}) {
      CAPTURE(accept);
      const auto answer = at.ask("GET", "/events", accept + at.bearer());
      CHECK(status_of(answer) == 200);
      CHECK(has(answer, "retry: 1500\nevent: goodbye\nid: 7-3\n"));
      CHECK(has(answer, R"("code":"draining")"));
      CHECK(answer.ends_with("\r\n0\r\n\r\n"));
    }
    auto old = at.connect();
    old.send("GET /events HTTP/1.0\r\n" + at.bearer() + "\r\n");
    CHECK(old.read_all().ends_with("}\n\n"));
  }

  TEST_CASE("who cannot read event streams gets 503 with Retry-After") {
    http_fixture at;
    at.node.on_open = [](io_loop&, stream_request, auto owed) {
      owed->refuse(make_goodbye(close_code::overload, 1500ms, {}));
    };
    for (const std::string accept :
         {"Accept: application/json\r\n", "Accept: text/html, text/event-stream;q=0\r\n",
          "Accept: */*, text/event-stream;q=0.0\r\n"}) {
      CAPTURE(accept);
      const auto answer = at.ask("GET", "/events", accept + at.bearer());
      CHECK(status_of(answer) == 503);
      CHECK(has(answer, "Retry-After: 2\r\n"));
      CHECK(has(answer, R"("code":"unavailable")"));
    }
  }

  TEST_CASE("a refused client keeps the position it came with") {
    http_fixture at;
    at.node.on_open = [](io_loop&, stream_request, auto owed) {
      owed->refuse(make_goodbye(close_code::overload, 1s, {}));
    };
    CHECK(has(at.ask("GET", "/events", "Last-Event-ID: 7-5\r\n" + at.bearer()), "\nid: 7-5\n"));
  }

  TEST_CASE("a refused client without a position gets an id that loses nothing") {
    http_fixture at;
    cursor here{7, 3};
    at.node.on_open = [&](io_loop&, stream_request, auto owed) {
      owed->refuse(make_goodbye(close_code::overload, 1s, here));
    };
    CHECK(has(at.ask("GET", "/events", at.bearer()), "\nid: 7-3\n"));
    CHECK(has(at.ask("GET", "/events?since=last", at.bearer()), "\nid: 0-1\n"));
    for (const std::string junk : {"junk", "0-0"})
      CHECK(has(at.ask("GET", "/events", "Last-Event-ID: " + junk + "\r\n" + at.bearer()),
                "\nid: 0-0\n"));
    here = {};
    CHECK(has(at.ask("GET", "/events", at.bearer()), "\nid: 0-1\n"));
    CHECK(has(at.ask("GET", "/events", "Last-Event-ID: 0-1\r\n" + at.bearer()), "\nid: 0-1\n"));
  }

  TEST_CASE("connect_rate refuses with overload, per address") {
    http_fixture at([](http_options&, http_settings& s) { s.connect_rate = 1; });
    auto first = at.connect();
    first.send(get("/events", at.bearer()));
    CHECK(has(first.read_until("\n\n"), "connected"));
    const auto second = at.ask("GET", "/events", at.bearer());
    CHECK(status_of(second) == 200);
    CHECK(has(second, R"("code":"overload")"));
    CHECK(has(second, "retry: "));
    CHECK(has(second, "\nid: 0-1\n"));
  }
}

TEST_SUITE("net/http_stream: WebSocket") {
  TEST_CASE("the handshake is answered with the accept key and the subprotocol") {
    http_fixture at;
    auto client = at.connect();
    client.send(get(
        "/ws", handshake + "Sec-WebSocket-Protocol: other, starling.v1.json\r\n" + at.bearer()));
    const auto head = client.read_until("\r\n\r\n");
    CHECK(status_of(head) == 101);
    CHECK(has(head, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    CHECK(has(head, "Sec-WebSocket-Protocol: starling.v1.json\r\n"));
    CHECK(has(head, "X-Client-ID: "));
    CHECK(has(client.read_until("connected"), "\x81"));

    auto plain = at.connect();
    plain.send(get("/ws", handshake + at.bearer()));
    CHECK_FALSE(has(plain.read_until("\r\n\r\n"), "Sec-WebSocket-Protocol"));
  }

  TEST_CASE("bytes sent right behind the handshake are the first frames") {
    http_fixture at;
    auto client = at.connect();
    // A masked ping of "hi"; mask 0.
    client.send(get("/ws", handshake + at.bearer()) + std::string("\x89\x82\0\0\0\0hi", 8));
    client.read_until("\r\n\r\n");
    client.read_until("\x8a\x02hi");
  }

  TEST_CASE("publish_rate holds for commands too, out of the same bucket as HTTP") {
    http_fixture at([](http_options&, http_settings& s) { s.publish_rate = 0.01; });
    const auto bearer = at.bearer();
    const std::string item = R"({"room":"a","event":"e","data":1})";
    CHECK(status_of(at.ask("POST", "/api/publish", bearer, item)) == 200);
    auto client = at.connect();
    const std::string command = R"({"type":"publish","room":"a","event":"e","data":1,"ref":7})";
    // Masked, mask 0.
    client.send(get("/ws", handshake + bearer) +
                std::string{'\x81', static_cast<char>(0x80 + command.size()), 0, 0, 0, 0} +
                command);
    client.read_until(R"("ref":7,"code":"rate_limited")");
  }

  TEST_CASE("a handshake with something wrong is 400, a wrong version 426, a bad token 401") {
    http_fixture at;
    const auto without = [](const std::string& part, const std::string& instead) {
      auto out = handshake;
      return out.replace(out.find(part), part.size(), instead);
    };
    for (const auto& bad :
         {std::string(), without("WebSocket\r\nCon", "h2c\r\nCon"), without(", Upgrade", ""),
          without("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZQ=="),
          without("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZ!==")}) {
      CAPTURE(bad);
      auto client = at.connect();
      client.send(get("/ws", bad + at.bearer()));
      CHECK(status_of(client.read_answer()) == 400);
    }
    auto old = at.connect();
    old.send(get("/ws", without("Version: 13", "Version: 8") + at.bearer()));
    const auto answer = old.read_answer();
    CHECK(status_of(answer) == 426);
    CHECK(has(answer, "Sec-WebSocket-Version: 13\r\n"));
    auto stranger = at.connect();
    stranger.send(get("/ws", handshake + "Authorization: Bearer nope\r\n"));
    CHECK(status_of(stranger.read_answer()) == 401);
  }

  TEST_CASE("a refusal is a handshake, a goodbye and a close frame with its code") {
    http_fixture at;
    at.node.on_open = [](io_loop&, stream_request, auto owed) {
      owed->refuse(make_goodbye(close_code::draining, 1s, {7, 3}));
    };
    auto client = at.connect();
    client.send(get("/ws", handshake + at.bearer()));
    CHECK(status_of(client.read_until("\r\n\r\n")) == 101);
    const auto frames = client.read_until("\x03\xf4");  // 1012
    CHECK(has(frames, R"("type":"goodbye")"));
    CHECK(has(frames, R"("id":"7-3")"));
    CHECK(client.read_all() == "draining");
  }
}
