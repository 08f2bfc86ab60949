#include "actors/room/session_table.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

namespace starling::actors {

namespace {

user_session session_of(std::int64_t opened_ns, const std::string& device = {},
                        const std::string& node = "n1") {
  return {session_id::make(1), opened_ns, device_id{device}, node_id{node}, nullptr};
}

std::vector<session_id> ids(const std::vector<user_session>& sessions) {
  std::vector<session_id> out;
  for (const auto& s : sessions) out.push_back(s.id);
  return out;
}

}  // namespace

TEST_SUITE("actors/session_table") {
  TEST_CASE("of one device only the newest session stays") {
    session_table table;
    const auto old = session_of(10, "phone");
    const auto other = session_of(11, "laptop");
    const auto fresh = session_of(12, "phone");
    for (const auto& s : {old, other, fresh}) table.add(s);
    const auto out = table.enforce({});
    REQUIRE(out.size() == 1);
    CHECK(out[0].session.id == old.id);
    CHECK(out[0].why == close_code::replaced);
    CHECK(ids(table.all()) == std::vector{other.id, fresh.id});
  }

  TEST_CASE("sessions without a device do not replace each other") {
    session_table table;
    table.add(session_of(1));
    table.add(session_of(2));
    CHECK(table.enforce({}).empty());
  }

  TEST_CASE("a late word of an older session of a device does not harm the newer one") {
    session_table table;
    const auto fresh = session_of(12, "phone", "n1");
    const auto old = session_of(10, "phone", "n2");
    table.add(fresh);
    CHECK(table.enforce({}).empty());
    table.add(old);
    const auto out = table.enforce({});
    REQUIRE(out.size() == 1);
    CHECK(out[0].session.id == old.id);
  }

  TEST_CASE("beyond the limit the oldest goes, or with reject_new the newest") {
    session_table table;
    const auto first = session_of(1);
    const auto second = session_of(2);
    const auto third = session_of(3);
    for (const auto& s : {second, third, first}) table.add(s);
    auto rejecting = table;

    const auto evicted = table.enforce({2, false});
    REQUIRE(evicted.size() == 1);
    CHECK(evicted[0].session.id == first.id);
    CHECK(evicted[0].why == close_code::session_limit);

    const auto rejected = rejecting.enforce({2, true});
    REQUIRE(rejected.size() == 1);
    CHECK(rejected[0].session.id == third.id);
    CHECK(ids(rejecting.all()) == std::vector{first.id, second.id});
  }

  TEST_CASE("a replaced session does not count for the limit") {
    session_table table;
    table.add(session_of(1));
    table.add(session_of(2, "phone"));
    table.add(session_of(3, "phone"));
    const auto out = table.enforce({2, true});
    REQUIRE(out.size() == 1);
    CHECK(out[0].why == close_code::replaced);
  }

  TEST_CASE("without a limit everybody stays") {
    session_table table;
    for (int i = 0; i < 100; ++i) table.add(session_of(i));
    CHECK(table.enforce({0, false}).empty());
  }

  TEST_CASE("a session that is known stays as it is") {
    session_table table;
    auto here = session_of(5, "phone", "n1");
    table.add(here);
    auto again = here;
    again.node = node_id{"n2"};
    table.add(again);
    REQUIRE(table.all().size() == 1);
    CHECK(table.all()[0].node == node_id{"n1"});
  }

  TEST_CASE("sessions and whole nodes can be taken away") {
    session_table table;
    const auto here = session_of(1, "", "n1");
    table.add(here);
    table.add(session_of(2, "", "n2"));
    table.add(session_of(3, "", "n2"));
    table.remove_node(node_id{"n2"});
    CHECK(ids(table.all()) == std::vector{here.id});
    CHECK(table.remove(here.id));
    CHECK_FALSE(table.remove(here.id));
  }

  TEST_CASE("whatever the order in which sessions become known, the same ones stay") {
    std::minstd_rand random{42};
    for (const bool reject_new : {false, true}) {
      for (int round = 0; round < 50; ++round) {
        std::vector<user_session> all;
        for (int i = 0; i < 12; ++i)
          all.push_back(session_of(static_cast<std::int64_t>(random() % 4),  // many ties
                                   random() % 2 ? "d" + std::to_string(random() % 3) : ""));
        const auto survivors = [&] {
          session_table table;
          for (const auto& s : all) table.add(s);
          table.enforce({3, reject_new});
          return ids(table.all());
        };
        const auto expected = survivors();
        for (int shuffle = 0; shuffle < 5; ++shuffle) {
          std::shuffle(all.begin(), all.end(), random);
          CHECK(survivors() == expected);
        }
      }
    }
  }

  TEST_CASE("with evict-oldest, deciding after each arrival ends with the same ones") {
    std::minstd_rand random{7};
    for (int round = 0; round < 50; ++round) {
      std::vector<user_session> all;
      for (int i = 0; i < 8; ++i)
        all.push_back(session_of(static_cast<std::int64_t>(random() % 5)));
      const auto survivors = [&] {
        session_table table;
        for (const auto& s : all) {
          table.add(s);
          table.enforce({3, false});
        }
        return ids(table.all());
      };
      const auto expected = survivors();
      std::shuffle(all.begin(), all.end(), random);
      CHECK(survivors() == expected);
    }
  }
}

}  // namespace starling::actors
