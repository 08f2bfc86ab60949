#include "actors/api/session_pages.hpp"

#include <doctest/doctest.h>

#include "actors/api/ranked_key.hpp"
#include "actors/base/find_text.hpp"

namespace starling::actors {

TEST_SUITE("actors/session_pages") {
  TEST_CASE("a greater rank comes first as text, and what is equal by name") {
    CHECK(ranked_key(10, "a") < ranked_key(9, "a"));
    CHECK(ranked_key(UINT64_MAX, "z") < ranked_key(0, "a"));
    CHECK(ranked_key(7, "a") < ranked_key(7, "b"));
    CHECK(ranked_key(0, "a").size() == ranked_key(UINT64_MAX, "a").size());
  }

  TEST_CASE("a ranked key says its rank and name again, and nothing else is one") {
    for (const std::uint64_t rank : {std::uint64_t{0}, std::uint64_t{123}, UINT64_MAX}) {
      const auto key = ranked_key(rank, "acme/room.1");
      const auto back = read_ranked_key(key);
      REQUIRE(back.has_value());
      CHECK(back->rank == rank);
      CHECK(back->name == "acme/room.1");
    }
    for (const auto* key : {"", "room", "12.a", "99999999999999999999.a", "1844674407370955161x.a"})
      CHECK_FALSE(read_ranked_key(key).has_value());
  }

  TEST_CASE("the key of a session leads back to its place, in its own order only") {
    net::session_info session;
    session.client_id = session_id::make(7).str();
    session.opened_ms = 1'700'000'000'000;
    session.delivered = 5;
    session.queued_bytes = 6;
    for (const auto* name : {"id", "newest", "delivered", "queued"}) {
      const auto order = parse_session_order(name);
      REQUIRE(order.has_value());
      CHECK(read_session_order(static_cast<std::uint64_t>(*order)) == *order);
      const auto place = read_session_key(*order, session_key(*order, session));
      REQUIRE(place.has_value());
      CHECK(place->id.str() == session.client_id);
      const auto other = *order == session_order::id ? session_order::newest : session_order::id;
      CHECK_FALSE(read_session_key(other, session_key(*order, session)).has_value());
    }
    CHECK_FALSE(parse_session_order("age").has_value());
    CHECK(read_session_order(99) == session_order::id);
  }

  TEST_CASE("a search takes letters in either case and an empty one finds everything") {
    CHECK(holds_text("Orders/Europe", "s/EUR"));
    CHECK(holds_text("", ""));
    CHECK(holds_text("x", ""));
    CHECK_FALSE(holds_text("order", "orders"));
  }
}

}  // namespace starling::actors
