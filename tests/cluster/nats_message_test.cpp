#include "cluster/nats/nats_message.hpp"

#include <doctest/doctest.h>

#include <memory>

using namespace starling::cluster;

TEST_SUITE("cluster/nats_message") {
  TEST_CASE("a foreign publisher may write a header's name in any case") {
    REQUIRE(nats_Open(-1) == NATS_OK);  // messages are freed by the library
    natsMsg* raw = nullptr;
    REQUIRE(natsMsg_Create(&raw, "s", nullptr, "", 0) == NATS_OK);
    const std::unique_ptr<natsMsg, void (*)(natsMsg*)> owned(raw, natsMsg_Destroy);
    const nats_message message(raw);
    CHECK(message.header_of_any_case("X-Event-Signature").empty());
    REQUIRE(natsMsgHeader_Set(raw, "x-event", "other") == NATS_OK);
    CHECK(message.header_of_any_case("X-Event-Signature").empty());
    REQUIRE(natsMsgHeader_Set(raw, "x-event-SIGNATURE", "lower") == NATS_OK);
    CHECK(message.header_of_any_case("X-Event-Signature") == "lower");
    CHECK(message.header("X-Event-Signature").empty());
    REQUIRE(natsMsgHeader_Set(raw, "X-Event-Signature", "exact") == NATS_OK);
    CHECK(message.header_of_any_case("X-Event-Signature") == "exact");
  }
}
