#include "actors/api/paging.hpp"

#include <doctest/doctest.h>

namespace starling::actors {

TEST_SUITE("actors/paging") {
  TEST_CASE("without parameters the usual page from the start") {
    const auto page = parse_page({}, 100, 1000);
    REQUIRE(page.ok());
    CHECK(page->limit == 100);
    CHECK(page->after.empty());
  }

  TEST_CASE("a limit is taken, up to the most there may be") {
    CHECK(parse_page({{"limit", "5"}, {"after", "x"}}, 100, 1000)->limit == 5);
    CHECK(parse_page({{"limit", "5"}, {"after", "x"}}, 100, 1000)->after == "x");
    CHECK(parse_page({{"limit", "1000"}}, 100, 1000)->limit == 1000);
    CHECK(parse_page({{"limit", "5000"}}, 100, 1000)->limit == 1000);
    CHECK(parse_page({}, 100, 10)->limit == 10);
  }

  TEST_CASE("what is no whole number above 0 is refused") {
    for (const auto* text : {"", "0", "-1", "1.5", "ten", "5x", " 5", "99999999999999999999999"}) {
      CAPTURE(text);
      const auto page = parse_page({{"limit", text}}, 100, 1000);
      REQUIRE_FALSE(page.ok());
      CHECK(page.error().code == errc::malformed);
      CHECK(page.error().message.find("1000") != std::string::npos);
    }
  }
}

}  // namespace starling::actors
