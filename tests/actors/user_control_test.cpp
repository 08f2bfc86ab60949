#include "actors/room/user_control.hpp"

#include <doctest/doctest.h>

namespace starling::actors {

TEST_SUITE("actors/user_control") {
  TEST_CASE("what is encoded is decoded") {
    user_control told;
    told.from = node_id{"n1"};
    told.ask = true;
    told.opened.push_back(
        {session_id::make(1), 1'700'000'000'123'456'789, device_id{"a.b~c@d:e"}, {}, nullptr});
    told.opened.push_back({session_id::make(2), 5, {}, {}, nullptr});
    told.closed = {session_id::make(3), session_id::make(4)};
    const auto back = decode_user_control(encode(told));
    REQUIRE(back.has_value());
    CHECK(back->from == told.from);
    CHECK(back->ask);
    REQUIRE(back->opened.size() == 2);
    CHECK(back->opened[0].id == told.opened[0].id);
    CHECK(back->opened[0].opened_ns == told.opened[0].opened_ns);
    CHECK(back->opened[0].device == told.opened[0].device);
    CHECK(back->opened[1].device.empty());
    CHECK(back->closed == told.closed);
  }

  TEST_CASE("the least there can be is who speaks") {
    const auto back = decode_user_control(encode({node_id{"n1"}, false, {}, {}}));
    REQUIRE(back.has_value());
    CHECK_FALSE(back->ask);
    CHECK(back->opened.empty());
    CHECK(back->closed.empty());
  }

  TEST_CASE("what is not ours is refused as a whole") {
    const auto id = session_id::make(1).str();
    for (const auto& text :
         std::vector<std::string>{"",
                                  "\n",
                                  "ask",
                                  "from",
                                  "from ",
                                  "hello",
                                  "from n1\nhello",
                                  "from n1\nopen",
                                  "from n1\nopen x 5",
                                  "from n1\nopen " + id,
                                  "from n1\nopen " + id + " x",
                                  "from n1\nclosed",
                                  "from n1\nclosed x",
                                  "from n1\nclosed " + id + " ",
                                  "from n1\n\nask",
                                  "from n 1",
                                  "from " + std::string(129, 'n'),
                                  "from n1\nopen " + id + " 5 a b",
                                  "from n1\nopen " + id + " 5 " + std::string(129, 'd'),
                                  std::string("from n1\n\0", 9),
                                  "{\"from\":\"n1\"}"}) {
      CAPTURE(text);
      CHECK_FALSE(decode_user_control(text).has_value());
    }
  }

  TEST_CASE("a message that tells of more sessions than nodes do is refused") {
    const auto with = [](std::size_t opened, std::size_t closed) {
      user_control told{node_id{"n1"}, false, {}, {}};
      told.opened.assign(opened, {session_id::make(1), 5, {}, {}, nullptr});
      told.closed.assign(closed, session_id::make(2));
      return encode(told);
    };
    CHECK(decode_user_control(with(max_sessions_told, 0)).has_value());
    CHECK(decode_user_control(with(max_sessions_told - 1, 1)).has_value());
    CHECK_FALSE(decode_user_control(with(max_sessions_told, 1)).has_value());
    CHECK_FALSE(decode_user_control(with(0, max_sessions_told + 1)).has_value());
    CHECK_FALSE(decode_user_control(with(30 * max_sessions_told, 0)).has_value());
  }

  TEST_CASE("a cut message is refused or is a shorter one, and never more than was said") {
    user_control told{node_id{"n1"}, true, {}, {}};
    told.opened.push_back({session_id::make(1), 123, device_id{"d"}, {}, nullptr});
    told.closed = {session_id::make(2)};
    const auto whole = encode(told);
    for (std::size_t size = 0; size < whole.size(); ++size)
      if (const auto back = decode_user_control(whole.substr(0, size))) {
        CHECK(back->opened.size() <= 1);
        CHECK(back->closed.empty());
      }
  }
}

}  // namespace starling::actors
