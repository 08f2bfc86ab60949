#include "net/base/limits.hpp"
#include "net/base/trace.hpp"
#include "tests/net/http_fixture.hpp"
#include "tests/net/tls_fixture.hpp"

using namespace starling;
using namespace starling::net;
using namespace starling::net::test;

namespace {

const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const std::string line = "PROXY TCP4 203.0.113.7 10.0.0.1 4711 443\r\n";
const std::string livez = "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

std::function<void(http_options&, http_settings&)> trusting(proxy_protocol how) {
  return [how](http_options& o, http_settings& s) {
    s.proxies = trusted_proxies({"127.0.0.0/8"});
    o.proxied = how;
  };
}

/// The `remote` of the stream that a request asks for.
struct remote_seen {
  explicit remote_seen(http_fixture& at) {
    at.node.on_open = [this, &at](io_loop&, stream_request request, auto responder) {
      remote = request.remote;
      at.node.welcome(request, *responder);
    };
  }
  std::string remote;
};

std::string raw(const http_fixture& at, const std::string& bytes) {
  raw_client client(at.server->public_address());
  client.send(bytes);
  return client.read_all();
}

std::string value_of(const std::string& answer, const std::string& header) {
  const auto at = answer.find("\r\n" + header + ": ");
  if (at == answer.npos) return "";
  const auto start = at + header.size() + 4;
  return answer.substr(start, answer.find("\r\n", start) - start);
}

}  // namespace

TEST_SUITE("net/http behind proxies") {
  TEST_CASE("a session is of the address that a trusted proxy names") {
    http_fixture at(trusting(proxy_protocol::off));
    remote_seen seen(at);
    const auto remote_with = [&](const std::string& headers) {
      auto client = at.connect();
      client.send("GET /events HTTP/1.1\r\nHost: x\r\n" + at.bearer() + headers + "\r\n");
      client.read_until("connected");
      return seen.remote;
    };
    CHECK(remote_with("X-Forwarded-For: 6.6.6.6, 203.0.113.7\r\n") == "203.0.113.7");
    CHECK(remote_with("X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 203.0.113.8\r\n") ==
          "203.0.113.8");
    CHECK(remote_with("Forwarded: for=\"[2001:db8::1]:4711\";proto=https\r\n") ==
          "[2001:db8::1]:4711");
    CHECK(remote_with("X-Forwarded-For: nonsense\r\n").starts_with("127.0.0.1:"));
  }

  TEST_CASE("what others say of themselves counts for nothing") {
    http_fixture at;
    remote_seen seen(at);
    auto client = at.connect();
    client.send(
        "GET /events HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.7\r\n"
        "X-Request-Id: mine\r\ntraceparent: " +
        trace + "\r\n" + at.bearer() + "\r\n");
    const auto head = client.read_until("\r\n\r\n");
    client.read_until("connected");
    CHECK(seen.remote.starts_with("127.0.0.1:"));
    CHECK(value_of(head, "X-Request-Id") != "mine");
    CHECK(value_of(head, "traceparent") != trace);
    CHECK(valid_traceparent(value_of(head, "traceparent")));
  }

  TEST_CASE("ids of a trusted proxy are on every answer: streams, errors, pages, publishes") {
    http_fixture at(trusting(proxy_protocol::off));
    const auto ids = "X-Request-Id: r-1\r\ntraceparent: " + trace + "\r\n";
    for (const auto* target : {"/livez", "/", "/no/such", "/events", "/api/rooms/a/history"}) {
      CAPTURE(target);
      const auto answer = at.ask("HEAD", target, ids);
      CHECK(value_of(answer, "X-Request-Id") == "r-1");
      CHECK(value_of(answer, "traceparent") == trace);
    }
    auto client = at.connect();
    client.send("GET /events HTTP/1.1\r\nHost: x\r\n" + at.bearer() + ids + "\r\n");
    CHECK(value_of(client.read_until("\r\n\r\n"), "X-Request-Id") == "r-1");
    publish_batch came;
    at.node.on_publish = [&](publish_batch batch, auto done) {
      came = std::move(batch);
      done({published_ok()});
    };
    at.ask("POST", "/api/publish", at.bearer("ida", R"("publish":true,)") + ids,
           R"({"room":"a","event":"e","data":1})");
    CHECK(came.traceparent == trace);
    const auto broken = raw(at, "nonsense\r\n\r\n");
    CHECK(status_of(broken) == 400);
    CHECK(!value_of(broken, "X-Request-Id").empty());
    CHECK(valid_traceparent(value_of(broken, "traceparent")));
  }

  TEST_CASE("limits.connections_per_address counts clients, not their proxy, nor operators") {
    http_fixture at([](http_options&, http_settings& s) {
      s.proxies = trusted_proxies({"127.0.0.1"});
      s.connections_per_address = 1;
    });
    const auto from = [](const char* client) {
      return std::string("GET /livez HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ") + client +
             "\r\n\r\n";
    };
    auto one = at.connect();
    one.send(from("203.0.113.1"));
    CHECK(status_of(one.read_answer()) == 200);
    auto two = at.connect();
    two.send(from("203.0.113.2"));
    CHECK(status_of(two.read_answer()) == 200);
    auto again = at.connect();
    again.send(from("203.0.113.1"));
    const auto refused = again.read_answer();
    CHECK(status_of(refused) == 429);
    CHECK(has(refused, "Retry-After: "));
    one.send(from("203.0.113.3"));  // the connection speaks for somebody else now
    CHECK(status_of(one.read_answer()) == 200);
    CHECK(status_of(at.ask("GET", "/livez", "X-Forwarded-For: 203.0.113.1\r\n")) == 200);
  }

  TEST_CASE("the admin listener has no limits.connections_per_address") {
    http_fixture at([](http_options&, http_settings& s) { s.connections_per_address = 1; });
    auto one = at.connect();
    one.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(status_of(one.read_answer()) == 200);
    CHECK(status_of(at.ask("GET", "/livez")) == 429);
    raw_client operators(at.server->admin_address());
    CHECK(status_of(at.ask_admin("GET", "/metrics")) == 200);
    CHECK(status_of(at.ask_admin("GET", "/livez")) == 200);
  }

  TEST_CASE("limits.connect_rate is per client, and refuses with Retry-After") {
    http_fixture at([](http_options&, http_settings& s) {
      s.proxies = trusted_proxies({"127.0.0.1"});
      s.connect_rate = 0.01;
    });
    const auto open = [&](const char* client, const char* accept) {
      auto one = at.connect();
      one.send("GET /events HTTP/1.1\r\nHost: x\r\nAccept: " + std::string(accept) +
               "\r\nX-Forwarded-For: " + client + "\r\n" + at.bearer() + "\r\n");
      return one.read_until("\r\n\r\n");
    };
    CHECK_FALSE(has(open("203.0.113.1", "*/*"), "Retry-After"));
    CHECK_FALSE(has(open("203.0.113.2", "*/*"), "Retry-After"));
    const auto told = open("203.0.113.1", "text/event-stream");
    CHECK(status_of(told) == 200);
    CHECK(has(told, "Retry-After: "));
    const auto refused = open("203.0.113.2", "application/json");
    CHECK(status_of(refused) == 429);
    CHECK(has(refused, "Retry-After: "));
  }
}

TEST_SUITE("net/http with PROXY headers") {
  TEST_CASE("accept takes them from trusted proxies, and connections without") {
    http_fixture at(trusting(proxy_protocol::accept));
    remote_seen seen(at);
    auto client = at.connect();
    for (const char c : line) client.send({&c, 1});  // in pieces
    client.send("GET /events HTTP/1.1\r\nHost: x\r\n" + at.bearer() + "\r\n");
    client.read_until("connected");
    CHECK(seen.remote == "203.0.113.7:4711");
    CHECK(status_of(raw(at, line + livez)) == 200);
    CHECK(status_of(raw(at, livez)) == 200);
    auto slow = at.connect();  // begins like a header and is none
    slow.send("P");
    slow.send("OST /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    CHECK(status_of(slow.read_all()) == 405);
    CHECK(status_of(raw(at, "PROXY TCP4 nonsense\r\n" + livez)) == 400);
  }

  TEST_CASE("a header from somebody else is refused, and require refuses who has none") {
    http_fixture strangers([](http_options& o, http_settings& s) {
      s.proxies = trusted_proxies({"192.0.2.1"});
      o.proxied = proxy_protocol::accept;
    });
    const auto refused = raw(strangers, line + livez);
    CHECK(status_of(refused) == 403);
    CHECK(has(refused, "listen.trusted_proxies"));
    CHECK(status_of(raw(strangers, livez)) == 200);

    http_fixture strict(trusting(proxy_protocol::require));
    CHECK(status_of(raw(strict, livez)) == 403);
    CHECK(status_of(raw(strict, line + livez)) == 200);
    CHECK(status_of(strict.ask_admin("GET", "/livez")) == 200);
  }

  TEST_CASE("off, a header is no request") {
    http_fixture at(trusting(proxy_protocol::off));
    CHECK(status_of(raw(at, line + livez)) == 400);
  }

  TEST_CASE("limits.connections_per_address counts whom the header names") {
    http_fixture at([](http_options& o, http_settings& s) {
      s.proxies = trusted_proxies({"127.0.0.1"});
      s.connections_per_address = 1;
      o.proxied = proxy_protocol::accept;
    });
    const auto keep = std::string("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
    auto one = at.connect();
    one.send(line + keep);
    CHECK(status_of(one.read_answer()) == 200);
    CHECK(status_of(raw(at, "PROXY TCP4 203.0.113.8 10.0.0.1 1 2\r\n" + livez)) == 200);
    CHECK(status_of(raw(at, line + livez)) == 429);
  }
}
