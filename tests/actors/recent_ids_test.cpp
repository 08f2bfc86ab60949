#include "actors/base/recent_ids.hpp"

#include <doctest/doctest.h>

namespace starling::actors::test {

namespace {

event named(const std::string& tenant, const std::string& room, const std::string& id) {
  event out;
  out.channel = room_channel(tenant_id{tenant}, room);
  out.id = id;
  out.id_given = true;
  return out;
}

}  // namespace

TEST_SUITE("actors/recent_ids") {
  TEST_CASE("an id counts once per tenant and channel, for the window") {
    recent_ids ids(std::chrono::seconds(120));
    const steady_time t0{};
    CHECK(ids.first(named("t", "a", "1"), t0));
    CHECK_FALSE(ids.first(named("t", "a", "1"), t0 + std::chrono::seconds(119)));
    CHECK(ids.first(named("t", "b", "1"), t0));
    CHECK(ids.first(named("u", "a", "1"), t0));
    CHECK(ids.first(named("t", "a", "2"), t0));
    CHECK(ids.first(named("t", "a", "1"), t0 + std::chrono::seconds(120)));
    CHECK(ids.size() == 1);  // the old ones are forgotten
  }

  TEST_CASE("an id that a node made is not looked at") {
    recent_ids ids(std::chrono::seconds(120));
    auto event = named("t", "a", "1");
    event.id_given = false;
    CHECK(ids.first(event, {}));
    CHECK(ids.first(event, {}));
    CHECK(ids.size() == 0);
  }

  TEST_CASE("there are never more than the most") {
    recent_ids ids(std::chrono::seconds(120));
    for (std::size_t i = 0; i <= recent_ids::most; ++i)
      ids.first(named("t", "a", std::to_string(i)), {});
    CHECK(ids.size() == recent_ids::most);
    CHECK(ids.first(named("t", "a", "0"), {}));
    CHECK_FALSE(ids.first(named("t", "a", std::to_string(recent_ids::most)), {}));
  }
}

}  // namespace starling::actors::test
