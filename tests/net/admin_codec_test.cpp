#include "net/wire/admin_codec.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace starling::net;
using nlohmann::json;

TEST_SUITE("net/wire/admin_codec") {
  TEST_CASE("a node survives the way there and back") {
    node_info n;
    n.id = "n1";
    n.tag = 4'000'000'000;
    n.state = "alive";
    n.started_ms = 1'700'000'000'000;
    n.sessions = 10'000;
    n.cpu = 0.25;
    n.engine_connected = true;
    const json j = n;
    CHECK(j.size() == 19);
    const auto back = j.get<node_info>();
    CHECK(json(back) == j);
    CHECK(back.tag == n.tag);
    CHECK(back.cpu == 0.25);
  }

  TEST_CASE("every struct survives the way there and back") {
    session_info s;
    s.client_id = "c";
    s.rooms = {"a", "b"};
    s.expires_ms = -1;
    s.queued_bytes = 7;
    CHECK(json(json(s).get<session_info>()) == json(s));
    room_info r{"a", "t", 3, {"n1"}, {"ann"}};
    CHECK(json(json(r).get<room_info>()) == json(r));
    user_info u{"ann", "t", 1, {"n1"}, {s}};
    CHECK(json(json(u).get<user_info>()) == json(u));
    CHECK(json(u).get<user_info>().details.at(0).rooms.at(1) == "b");
    node_stats t;
    t.bytes_out = UINT64_MAX;
    CHECK(json(t).get<node_stats>().bytes_out == UINT64_MAX);
    const presence_user p{"ann", "online", 2, 99};
    CHECK(json(p) == json::parse(R"({"user":"ann","state":"online","sessions":2,"since":99})"));
    CHECK(json(json(p).get<presence_user>()) == json(p));
  }

  TEST_CASE("lists of one answer only are left out of the others") {
    CHECK_FALSE(json(room_info{}).contains("users"));
    CHECK_FALSE(json(user_info{}).contains("details"));
    CHECK(json(room_info{})["nodes"] == json::array());
  }

  TEST_CASE("what another version says differently does no harm") {
    const auto n = json::parse(R"({"id":7,"tag":-1,"sessions":"many","rooms":2.5,"users":9,
        "uptime_s":18446744073709551615,"draining":"no","new_field":{}})")
                       .get<node_info>();
    CHECK(n.id.empty());
    CHECK(n.tag == 0);
    CHECK(n.sessions == 0);
    CHECK(n.rooms == 0);
    CHECK(n.users == 9);
    CHECK(n.uptime_s == 0);
    CHECK_FALSE(n.draining);
    CHECK(json::parse(R"({"rooms":["a",1,"b"]})").get<session_info>().rooms.size() == 2);
    CHECK(json(nullptr).get<node_stats>().sessions == 0);
  }
}
