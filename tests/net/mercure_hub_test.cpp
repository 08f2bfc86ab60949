#include "net/dialect/mercure/hub.hpp"

#include <doctest/doctest.h>

#include "net/dialect/mercure/update.hpp"
#include "tests/net/http_fixture.hpp"

using namespace starling;
using namespace starling::net;
using namespace starling::net::test;

namespace {

const std::string hub = "/.well-known/mercure";

/// A token of the fixture's own key with these grants.
std::string by(const std::string& grants, const std::string& more = "") {
  const auto token =
      sign_hs256("{" + more + "\"mercure\":" + grants + "}", "a secret of this test");
  REQUIRE(token.ok());
  return "Authorization: Bearer " + *token + "\r\n";
}
std::string subscriber(const std::string& topics = R"(["*"])") {
  return by(R"({"subscribe":)" + topics + "}");
}
std::string publisher(const std::string& topics = R"(["*"])") {
  return by(R"({"publish":)" + topics + "}");
}
const std::string form = "Content-Type: application/x-www-form-urlencoded\r\n";

/// Keeps what the service is asked to open.
struct opened {
  stream_request request;
  std::promise<void> came;
  explicit opened(http_fixture& at) {
    at.node.on_open = [this, &at](io_loop&, stream_request asked, auto responder) {
      request = std::move(asked);
      at.node.welcome(request, *responder);
      came.set_value();
    };
  }
  void wait() {
    REQUIRE(came.get_future().wait_for(std::chrono::seconds(5)) == std::future_status::ready);
  }
};

}  // namespace

TEST_SUITE("net/dialect/mercure/hub") {
  TEST_CASE("a subscriber hears all updates of its tenant, through a view of its own topics") {
    http_fixture at;
    opened kept(at);
    auto client = at.connect();
    client.send(get(hub + "?topic=https%3A%2F%2Fex.org%2F%7Bid%7D&topic=lobby", subscriber()));
    const auto head = client.read_until("\r\n\r\n");
    CHECK(status_of(head) == 200);
    CHECK(has(head, "Content-Type: text/event-stream\r\n"));
    CHECK(has(head, "Cache-Control: private, no-cache, no-store"));
    CHECK(has(head, "Link: </.well-known/mercure>; rel=\"mercure\"\r\n"));
    CHECK_FALSE(has(head, "Last-Event-ID:"));
    CHECK(client.read_until("\n\n").find(":\nretry: 2000") != std::string::npos);
    kept.wait();
    CHECK(kept.request.identity->tenant == tenant_id("default"));
    CHECK(kept.request.identity->rooms == std::vector<std::string>{"{mercure}", "lobby"});
    CHECK_FALSE(kept.request.last_event_id);
    event seen;
    seen.channel = room_channel(tenant_id("default"), std::string(mercure::updates_room));
    seen.data = mercure::pack({{"https://ex.org/7"}, true, 0, "message", "x"});
    REQUIRE(kept.request.view);
    CHECK(kept.request.view->shows(seen));
    seen.id = "another";
    seen.data = mercure::pack({{"https://ex.com/7"}, false, 0, "message", "x"});
    CHECK_FALSE(kept.request.view->shows(seen));
  }

  TEST_CASE("private updates are for who has a grant for one of their topics") {
    http_fixture at;
    opened kept(at);
    auto client = at.connect();
    client.send(get(hub + "?topic=a", subscriber(R"(["b"])")));
    kept.wait();
    event seen;
    seen.channel = room_channel(tenant_id("default"), std::string(mercure::updates_room));
    for (const auto& [topics, is_private, wanted] :
         {std::tuple{std::vector<std::string>{"a"}, false, true},
          std::tuple{std::vector<std::string>{"a"}, true, false},
          std::tuple{std::vector<std::string>{"a", "b"}, true, true},
          std::tuple{std::vector<std::string>{"b"}, true, false}}) {
      seen.id += "x";
      seen.data = mercure::pack({topics, is_private, 0, "message", ""});
      CHECK(kept.request.view->shows(seen) == wanted);
    }
    // A native room is private, and `a` is not granted.
    CHECK(kept.request.identity->rooms == std::vector<std::string>{"{mercure}"});
  }

  TEST_CASE("an id is looked up in history; an unknown one, and earliest, begin at the beginning") {
    http_fixture at;
    at.node.on_find = [](const channel& channel, const std::string& id) {
      CHECK(channel.name == mercure::updates_room);
      return id == "urn:x:1" ? std::optional(cursor{7, 5}) : std::nullopt;
    };
    for (const auto& [target, header, position, answered] :
         {std::tuple{"", "Last-Event-ID: urn:x:1\r\n", "7-5", "urn:x:1"},
          std::tuple{"&lastEventID=urn%3Ax%3A1", "", "7-5", "urn:x:1"},
          std::tuple{"&lastEventID=other", "Last-Event-ID: urn:x:1\r\n", "7-5", "urn:x:1"},
          std::tuple{"&last_event_id=unknown%0D%0AX-Evil:%201", "", "0-0", "earliest"},
          std::tuple{"&lastEventID=earliest", "", "0-0", "earliest"},
          std::tuple{"&lastEventID=%237-9", "", "7-9", "#7-9"}}) {
      CAPTURE(target);
      opened kept(at);
      auto client = at.connect();
      client.send(get(hub + "?topic=t" + target, subscriber() + header));
      const auto head = client.read_until("\r\n\r\n");
      kept.wait();
      CHECK(kept.request.last_event_id == position);
      CHECK(has(head, "Last-Event-ID: " + std::string(answered) + "\r\n"));
      CHECK_FALSE(has(head, "X-Evil"));
    }
  }

  TEST_CASE("what cannot be subscribed to is refused before a stream") {
    http_fixture at;
    at.node.on_open = [](io_loop&, stream_request, auto) { FAIL("opened"); };
    CHECK(status_of(at.ask("GET", hub + "?topic=t")) == 401);
    CHECK(status_of(at.ask("GET", hub + "?topic=t", "Authorization: Bearer a.b.c\r\n")) == 401);
    CHECK(status_of(at.ask("GET", hub, subscriber())) == 400);
    CHECK(status_of(at.ask("GET", hub + "?match_template=t", subscriber())) == 400);
    CHECK(status_of(at.ask("GET", hub + "?topic=t",
                           subscriber() + "Origin: https://evil.example\r\n")) == 403);
    CHECK(status_of(at.ask("PUT", hub, subscriber())) == 405);
    CHECK(status_of(at.ask("HEAD", hub + "?topic=t", subscriber())) == 200);
    CHECK(status_of(at.ask("GET", hub + "?topic=t", subscriber() + "Last-Event-ID: #7-5.x\r\n")) ==
          204);
  }

  TEST_CASE("a publish answers with the id, and needs a grant for every topic") {
    http_fixture at;
    publish_batch batch;
    at.node.on_publish = [&](publish_batch asked, auto done) {
      batch = std::move(asked);
      done({published{batch.items.front()->id, {7, 9}}});
    };
    const auto answer = at.ask("POST", hub, publisher() + form, "topic=a%20b&data=x&id=urn:x:7");
    CHECK(status_of(answer) == 200);
    CHECK(has(answer, "Content-Type: text/plain; charset=utf-8\r\n"));
    CHECK(answer.ends_with("\r\n\r\nurn:x:7"));
    REQUIRE(batch.items.size() == 1);
    CHECK(batch.items[0]->names == std::vector<std::string>{"{mercure}"});

    CHECK(status_of(at.ask("POST", hub, form, "topic=t")) == 401);
    CHECK(status_of(at.ask("POST", hub, subscriber() + form, "topic=t")) == 403);
    CHECK(status_of(at.ask("POST", hub, publisher(R"(["a"])") + form, "topic=a&topic=b")) == 403);
    CHECK(status_of(at.ask("POST", hub, publisher() + form, "data=x")) == 400);
    CHECK(status_of(at.ask("POST", hub, publisher() + "Content-Type: application/json\r\n",
                           R"({"topic":"t"})")) == 400);
    CHECK(status_of(at.ask("POST", hub, by(R"({"publish":["*"]})", "\"exp\":1000,") + form,
                           "topic=t")) == 401);
  }

  TEST_CASE("a cookie publishes for pages of listed origins alone") {
    http_fixture at;
    const auto token = publisher().substr(22);  // without "Authorization: Bearer "
    const auto cookie = "Cookie: mercureAuthorization=" + token + form;
    CHECK(status_of(at.ask("POST", hub, cookie, "topic=t")) == 403);
    CHECK(status_of(at.ask("POST", hub, cookie + "Referer: https://evil.example/x\r\n",
                           "topic=t")) == 403);
    CHECK(status_of(at.ask("POST", hub,
                           cookie + "Origin: https://evil.example\r\n"
                                    "Referer: https://app.example.com/\r\n",
                           "topic=t")) == 403);
    CHECK(status_of(at.ask("POST", hub, cookie + "Origin: https://app.example.com\r\n",
                           "topic=t")) == 200);
    CHECK(status_of(at.ask("POST", hub, cookie + "Referer: https://app.example.com/p?q\r\n",
                           "topic=t")) == 200);
  }

  TEST_CASE("active subscriptions are listed to who may see the path") {
    http_fixture at;
    at.node.views = {
        R"({"subscriber":"urn:uuid:1","topics":[{"type":"topic","topic":"a/b","payload":0},)"
        R"({"type":"topic","topic":"c","payload":1}],"payloads":[{"n":1},null]})",
        R"([])"};
    const auto list = hub + "/subscriptions";
    const auto all = at.ask("GET", list, subscriber());
    CHECK(status_of(all) == 200);
    CHECK(has(all, "Content-Type: application/ld+json\r\n"));
    CHECK(has(all, R"("type":"Subscriptions","lastEventID":"#7-9")"));
    CHECK(has(all, R"("id":"/.well-known/mercure/subscriptions/a%2Fb/urn%3Auuid%3A1")"));
    CHECK(has(all, R"("topic":"a/b","subscriber":"urn:uuid:1","active":true,"payload":{"n":1})"));
    CHECK(has(all, R"("topic":"c")"));
    const auto of_topic = at.ask("GET", list + "/a%2Fb", subscriber());
    CHECK(has(of_topic, R"("topic":"a/b")"));
    CHECK_FALSE(has(of_topic, R"("topic":"c")"));
    const auto one = at.ask("GET", list + "/c/urn%3Auuid%3A1", subscriber());
    CHECK(has(one, R"({"@context":"https://mercure.rocks/","id":)"));
    CHECK(status_of(at.ask("GET", list + "/c/nobody", subscriber())) == 404);
    CHECK(status_of(at.ask("GET", list, subscriber(R"(["a"])"))) == 403);
    CHECK(status_of(at.ask("GET", list)) == 401);
    CHECK(status_of(at.ask("GET", list + "/c/urn%3Auuid%3A1",
                           subscriber("[\"" + list + "/{topic}/{subscriber}\"]"))) == 200);
  }

  TEST_CASE("a dialect that is not listed has no paths") {
    const std::vector<std::string> native{"native"};
    for (const auto& row : dialect_routes(native, {})) CHECK_FALSE(row.path.starts_with(hub));
    CHECK(dialect_routes(native, {}).size() > 3);
    CHECK(dialect_checks(native).empty());
  }
}
