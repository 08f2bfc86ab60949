#include "actors/room/member_set.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace starling::actors {

namespace {
session_ptr session() {
  boost::intrusive_ptr out(new session_record);
  out->id = session_id::make(1);
  return out;
}
std::vector<session_id> ids(const member_set& all) {
  std::vector<session_id> out;
  all.for_each([&](const session_record& each) { out.push_back(each.id); });
  return out;
}
}  // namespace

TEST_SUITE("actors/member_set") {
  TEST_CASE("each session is there once until it is taken out") {
    std::vector<session_ptr> members;
    for (int i = 0; i < 5; ++i) members.push_back(session());
    member_set all;
    CHECK(ids(all).empty());
    for (const std::size_t count : {1u, 2u, 5u}) {
      for (int twice = 0; twice < 2; ++twice)
        for (std::size_t i = 0; i < count; ++i) all.insert(members[i]);
      std::vector<session_id> expected;
      for (std::size_t i = 0; i < count; ++i) expected.push_back(members[i]->id);
      std::sort(expected.begin(), expected.end());
      CHECK(ids(all) == expected);
      all.erase(session()->id);
      CHECK(ids(all) == expected);
      for (std::size_t i = 1; i < count; ++i) all.erase(members[i]->id);
      CHECK(ids(all) == std::vector{members[0]->id});
      all.erase(members[0]->id);
      CHECK(ids(all).empty());
    }
  }
}

}  // namespace starling::actors
