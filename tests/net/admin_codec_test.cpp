#include "net/wire/admin_codec.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace starling::net;
using nlohmann::ordered_json;

TEST_SUITE("net/wire/admin_codec") {
  TEST_CASE("a node's members come in their order, its engine as an object") {
    node_info n;
    n.id = "n1";
    n.tag = 4'000'000'000;
    n.cpu = 0.25;
    n.engine_kind = "nats";
    n.engine_connected = true;
    const ordered_json j = n;
    CHECK(j.size() == 19);
    CHECK(j.begin().key() == "id");
    CHECK(j["tag"] == 4'000'000'000);
    CHECK(j["engine"].dump() == R"({"kind":"nats","connected":true})");
  }

  TEST_CASE("numbers keep their size, lists their order") {
    session_info s;
    s.rooms = {"b", "a"};
    s.expires_ms = -1;
    CHECK(ordered_json(s)["rooms"].dump() == R"(["b","a"])");
    CHECK(ordered_json(s)["expires_ms"] == -1);
    node_stats t;
    t.bytes_out = UINT64_MAX;
    CHECK(ordered_json(t)["bytes_out"] == UINT64_MAX);
    CHECK(ordered_json(presence_user{"ann", "online", 2, 99}).dump() ==
          R"({"user":"ann","state":"online","sessions":2,"since":99})");
    CHECK(ordered_json(partition_info{1, 2, 3, "nats-1"}).dump() ==
          R"({"partition":1,"position":2,"lag":3,"leader":"nats-1"})");
  }
}
