#include "net/http/http_client.hpp"

#include <doctest/doctest.h>

#include "tests/net/auth_fixture.hpp"
#include "tests/net/http_fixture.hpp"
#include "tests/net/tls_fixture.hpp"

using namespace starling;
using namespace starling::net;
using namespace starling::net::test;
using namespace std::chrono_literals;

namespace {
http_headers with_token(const std::string& more = "") {
  return {{"Authorization", "Bearer " + http_fixture::token("ida", more)}};
}
}  // namespace

TEST_SUITE("net/http_client") {
  TEST_CASE("a request brings back status, headers and body, whatever the status") {
    http_fixture at;
    http_client client("http://" + at.server->public_address());
    const auto page = client.request("GET", "/");
    REQUIRE(page.ok());
    CHECK(page->status == 200);
    CHECK(page->body == "<html>hello</html>");
    REQUIRE(page->header("content-TYPE"));
    CHECK(*page->header("content-TYPE") == "text/html");
    const auto refused = client.request("GET", "/api/echo");
    REQUIRE(refused.ok());
    CHECK(refused->status == 401);
    CHECK(has(refused->body, "unauthorized"));
    const auto head = client.request("HEAD", "/");
    REQUIRE(head.ok());
    CHECK(head->body.empty());
  }

  TEST_CASE("a body is sent, and the URL's path goes before the target") {
    http_fixture at;
    http_client client("http://" + at.server->public_address() + "/api/");
    const auto sent = client.request(
        "POST", "/publish", R"({"room":"r","event":"e","data":1,"id":"i1"})", with_token());
    REQUIRE(sent.ok());
    CHECK(sent->status == 200);
    CHECK(has(sent->body, R"("id":"i1")"));
  }

  TEST_CASE("a server that is not there is unavailable and the message names it") {
    std::string address;
    {
      http_fixture gone;
      address = gone.server->public_address();
    }
    const auto reply = http_client("http://" + address).request("GET", "/");
    REQUIRE_FALSE(reply.ok());
    CHECK(reply.error().code == errc::unavailable);
    CHECK(has(reply.error().message, address));
  }

  TEST_CASE("a server that says nothing is unavailable after the deadline") {
    http_fixture at;
    std::function<void(api_reply)> owed;
    at.node.on_call = [&](api_request, auto done) { owed = std::move(done); };
    http_client client("http://" + at.server->public_address(), {.request_timeout = 200ms});
    const auto reply = client.request("GET", "/api/echo", {}, with_token());
    REQUIRE_FALSE(reply.ok());
    CHECK(reply.error().code == errc::unavailable);
    at.loop.stop();
    at.loop.join();
  }

  TEST_CASE("what is no URL is malformed") {
    for (const auto url :
         {"", "localhost:80", "ftp://x", "http://", "http://x:port", "http://u@x"}) {
      CAPTURE(url);
      const auto reply = http_client(url).request("GET", "/");
      REQUIRE_FALSE(reply.ok());
      CHECK(reply.error().code == errc::malformed);
    }
  }

  TEST_CASE("a stream is handed over in pieces until its taker has enough") {
    http_fixture at;
    http_client client("http://" + at.server->public_address());
    std::string seen;
    const auto reply = client.stream("/events?rooms=a", with_token(), [&](std::string_view bytes) {
      seen += bytes;
      return !has(seen, "\n\n");
    });
    REQUIRE(reply.ok());
    CHECK(reply->status == 200);
    CHECK(seen.starts_with("retry: 2000\nevent: connected\n"));
    CHECK(reply->header("X-Client-ID"));
  }

  TEST_CASE("a stream that ends, ends; one that is refused has a status and a body") {
    http_fixture at;
    at.node.on_open = [](io_loop&, stream_request, auto owed) {
      owed->refuse(make_goodbye(close_code::draining, 1s, {}));
    };
    http_client client("http://" + at.server->public_address());
    std::string seen;
    const auto ended = client.stream("/events", with_token(), [&](std::string_view bytes) {
      seen += bytes;
      return true;
    });
    REQUIRE(ended.ok());
    CHECK(has(seen, "event: goodbye"));
    const auto refused = client.stream("/events", {}, [](std::string_view) { return true; });
    REQUIRE(refused.ok());
    CHECK(refused->status == 401);
    CHECK(has(refused->body, "unauthorized"));
  }

  TEST_CASE("a silent stream asks its taker every second whether to go on") {
    http_fixture at;
    http_client client("http://" + at.server->public_address());
    int silences = 0;
    const auto reply = client.stream("/events", with_token(), [&](std::string_view bytes) {
      return !bytes.empty() || ++silences < 1;
    });
    CHECK(reply.ok());
    CHECK(silences == 1);
  }

  TEST_CASE("https: requests and streams over TLS, and an unknown certificate is refused") {
    const temp_dir files;
    const auto cert = make_certificate(files);
    http_fixture at([&](http_options& options, http_settings&) {
      options.public_tls = {cert.cert_file, cert.key_file};
    });
    const auto url = "https://" + at.server->public_address();
    http_client client(url, {.ca_file = cert.cert_file});
    const auto page = client.request("GET", "/");
    REQUIRE(page.ok());
    CHECK(page->body == "<html>hello</html>");
    std::string seen;
    const auto stream = client.stream("/events", with_token(), [&](std::string_view bytes) {
      seen += bytes;
      return !has(seen, "\n\n");
    });
    CHECK(stream.ok());
    CHECK(has(seen, "event: connected"));
    at.node.on_open = [](io_loop&, stream_request, auto owed) {
      owed->refuse(make_goodbye(close_code::draining, 1s, {}));
    };
    seen.clear();
    CHECK(client
              .stream("/events", with_token(),
                      [&](std::string_view bytes) {
                        seen += bytes;
                        return true;
                      })
              .ok());
    CHECK(has(seen, "event: goodbye"));
    CHECK_FALSE(http_client(url).request("GET", "/").ok());
    CHECK(http_client(url, {.verify_certificate = false}).request("GET", "/").ok());
    CHECK(http_client("http://" + at.server->admin_address()).request("GET", "/").ok());
  }
}
