#include "actors/session/client_position.hpp"

#include <doctest/doctest.h>

namespace starling::actors::test {

namespace {
using arrival = client_position::arrival;

client_position begun_at(sequence seq) {
  client_position out;
  out.begin({7, seq});
  return out;
}
}  // namespace

TEST_SUITE("actors/client_position") {
  TEST_CASE("what is handed over moves it, and a look is asked for once") {
    auto p = begun_at(10);
    CHECK(p.advance({7, 11}));
    CHECK_FALSE(p.advance({7, 12}));  // somebody is going to look already
    CHECK(p.at() == cursor{7, 12});
    CHECK(p.look(100, 100) == arrival::all);
    CHECK(p.advance({7, 13}));
  }

  TEST_CASE("earlier positions and those of another life of the store do not move it") {
    auto p = begun_at(10);
    CHECK_FALSE(p.advance({7, 10}));
    CHECK_FALSE(p.advance({7, 3}));
    CHECK_FALSE(p.advance({8, 99}));
    CHECK(p.at() == cursor{7, 10});
    CHECK(p.same_life({7, 1}));
    CHECK_FALSE(p.same_life({8, 1}));
  }

  TEST_CASE("a client that has every byte has reached what was handed over") {
    auto p = begun_at(10);
    p.advance({7, 20});
    CHECK(p.look(500, 500) == arrival::all);
    CHECK(p.take_news() == cursor{7, 20});
  }

  TEST_CASE("the beginning is news as well, and no news is told twice") {
    auto p = begun_at(10);
    CHECK(p.take_news() == cursor{7, 10});
    CHECK_FALSE(p.take_news());
    CHECK(p.look(50, 50) == arrival::all);
    CHECK_FALSE(p.take_news());  // it is where it was
  }

  TEST_CASE("a client that is behind has reached what the look before saw, once those bytes came") {
    auto p = begun_at(10);
    p.advance({7, 20});
    CHECK(p.look(500, 100) == arrival::some);  // 20 is reached with byte 500
    CHECK(p.take_news() == cursor{7, 10});
    p.advance({7, 30});
    CHECK(p.look(900, 499) == arrival::unknown);
    CHECK_FALSE(p.take_news());
    CHECK(p.look(900, 500) == arrival::some);
    CHECK(p.take_news() == cursor{7, 20});
    CHECK(p.look(900, 900) == arrival::all);
    CHECK(p.take_news() == cursor{7, 30});
  }

  TEST_CASE("who is behind is looked at again without being asked for") {
    auto p = begun_at(10);
    p.advance({7, 20});
    CHECK(p.look(500, 100) == arrival::some);
    CHECK_FALSE(p.ask());
    CHECK(p.look(500, 500) == arrival::all);
    CHECK(p.ask());
  }
}

}  // namespace starling::actors::test
