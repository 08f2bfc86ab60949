#include "net/http/router.hpp"

#include <doctest/doctest.h>

using namespace starling::net;

namespace {
const auto nobody = [](std::shared_ptr<http_session>) {};
const router table({
    {http_method::get, "/events", access::token, nobody},
    {http_method::get, "/livez", access::none, nobody},
    {http_method::post, "/api/publish", access::token, nobody},
    {http_method::get, "/api/rooms/{room}/history", access::token, nobody},
    {http_method::get, "/api/rooms/{room}/members/{user}", access::admin, nobody},
    {http_method::put, "/api/rooms/{room}/members/{user}", access::admin, nobody},
    {http_method::del, "/api/rooms/{room}/members/{user}", access::admin, nobody},
    {.path = "/admin", .run = nobody, .admin_listener_only = true},
    {.method = http_method::del,
     .path = "/admin/v1/sessions/{client}",
     .needs = access::admin,
     .run = nobody,
     .admin_listener_only = true},
});
constexpr bool on_admin = true;
constexpr bool on_public = false;
}  // namespace

TEST_SUITE("net/router") {
  TEST_CASE("path parameters are decoded and an encoded slash does not split") {
    const auto match = table.match(http_method::get, "/api/rooms/a%2Fb%3A7%40x/history", on_public);
    REQUIRE(match.found);
    CHECK(match.found->path == "/api/rooms/{room}/history");
    CHECK(match.name == "a/b:7@x");
    const auto member =
        table.match(http_method::put, "/api/rooms/chat:7/members/ann%40b", on_public);
    REQUIRE(member.found);
    CHECK(member.found->method == http_method::put);
    CHECK(member.name == "chat:7");
    CHECK(member.member == "ann@b");
    CHECK_FALSE(member.bad_name);
  }

  TEST_CASE("an empty parameter is no match") {
    CHECK_FALSE(table.match(http_method::get, "/api/rooms//history", on_public).found);
    CHECK_FALSE(table.match(http_method::get, "/api/rooms/a/b/history", on_public).found);
  }

  TEST_CASE("an unknown path allows nothing; a known one names its methods") {
    const auto unknown = table.match(http_method::get, "/nope", on_public);
    CHECK_FALSE(unknown.found);
    CHECK(unknown.allow.empty());
    CHECK_FALSE(unknown.of_path);
    const auto wrong = table.match(http_method::get, "/api/publish", on_public);
    CHECK_FALSE(wrong.found);
    CHECK(wrong.allow == "POST");
    REQUIRE(wrong.of_path);
    CHECK(wrong.of_path->path == "/api/publish");
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
    CHECK(kick.found->needs == access::admin);
    CHECK(kick.name == "x");
  }

  TEST_CASE("the admin listener serves the public paths as well") {
    for (const auto path : {"/events", "/livez", "/api/rooms/r/history"}) {
      CAPTURE(path);
      CHECK(table.match(http_method::get, path, on_admin).found);
    }
  }

  TEST_CASE("a room or a user in the path must be a name; other parameters are free text") {
    CHECK(table.match(http_method::get, "/api/rooms/a%20b/history", on_public).bad_name);
    CHECK(table.match(http_method::put, "/api/rooms/r/members/a%20b", on_public).bad_name);
    CHECK_FALSE(table.match(http_method::del, "/admin/v1/sessions/a%20b", on_admin).bad_name);
  }
}
