#include "net/http/router.hpp"

#include <doctest/doctest.h>

using namespace starling::net;

namespace {
const router table({{"/", false}, {"/admin", true}});
constexpr bool on_admin = true;
constexpr bool on_public = false;
}  // namespace

TEST_SUITE("net/router") {
  TEST_CASE("every alias of the event stream is one endpoint and needs a token") {
    for (const auto path : {"/events", "/stream", "/sse", "/api/events", "/realtime/events",
                            "/realtime/sse", "/api/sse/connect"}) {
      CAPTURE(path);
      const auto found = table.match(http_method::get, path, on_public).found;
      REQUIRE(found);
      CHECK(found->target == endpoint::sse);
      CHECK(found->needs == access::token);
      CHECK_FALSE(found->plain_error);
    }
  }

  TEST_CASE("path parameters are decoded and an encoded slash does not split") {
    const auto match = table.match(http_method::get, "/api/rooms/a%2Fb%3A7%40x/history", on_public);
    REQUIRE(match.found);
    CHECK(match.found->op == api_op::room_history);
    CHECK(match.name == "a/b:7@x");
    const auto member =
        table.match(http_method::put, "/api/rooms/chat:7/members/ann%20b", on_public);
    REQUIRE(member.found);
    CHECK(member.found->op == api_op::member_put);
    CHECK(member.name == "chat:7");
    CHECK(member.member == "ann b");
  }

  TEST_CASE("an empty parameter is no match") {
    CHECK_FALSE(table.match(http_method::get, "/api/rooms//history", on_public).found);
    CHECK_FALSE(table.match(http_method::get, "/api/rooms/a/b/history", on_public).found);
  }

  TEST_CASE("an unknown path allows nothing; a known one names its methods") {
    const auto unknown = table.match(http_method::get, "/nope", on_public);
    CHECK_FALSE(unknown.found);
    CHECK(unknown.allow.empty());
    const auto wrong = table.match(http_method::get, "/api/publish", on_public);
    CHECK_FALSE(wrong.found);
    CHECK(wrong.allow == "POST");
    const auto several = table.match(http_method::post, "/api/rooms/r/members/u", on_public);
    CHECK(several.allow == "GET, HEAD, PUT, DELETE");
  }

  TEST_CASE("HEAD is answered where GET is") {
    CHECK(table.match(http_method::head, "/livez", on_public).found);
    CHECK_FALSE(table.match(http_method::head, "/api/publish", on_public).found);
  }

  TEST_CASE("admin paths do not exist on the public listener, not even as 405") {
    for (const auto path : {"/admin/v1/nodes", "/admin/v1/sessions/x", "/admin"}) {
      CAPTURE(path);
      const auto match = table.match(http_method::put, path, on_public);
      CHECK_FALSE(match.found);
      CHECK(match.allow.empty());
    }
    const auto kick = table.match(http_method::del, "/admin/v1/sessions/x", on_admin);
    REQUIRE(kick.found);
    CHECK(kick.found->op == api_op::admin_kick_session);
    CHECK(kick.found->needs == access::admin);
  }

  TEST_CASE("the admin listener serves the public paths as well") {
    for (const auto path : {"/events", "/online-users", "/", "/metrics", "/api/rooms/r/presence"}) {
      CAPTURE(path);
      CHECK(table.match(http_method::get, path, on_admin).found);
    }
  }

  TEST_CASE("the compatible API has its own error style and its administrators") {
    const auto stats = table.match(http_method::get, "/api/sse/stats", on_public).found;
    REQUIRE(stats);
    CHECK(stats->plain_error);
    CHECK(stats->needs == access::admin);
    const auto sent = table.match(http_method::post, "/api/sse/send/c-1", on_public);
    REQUIRE(sent.found);
    CHECK(sent.found->needs == access::token);
    CHECK(sent.name == "c-1");
  }

  TEST_CASE("an asset knows which it is") {
    CHECK(table.match(http_method::get, "/", on_public).found->asset == 0);
    CHECK(table.match(http_method::get, "/admin", on_admin).found->asset == 1);
  }
}
