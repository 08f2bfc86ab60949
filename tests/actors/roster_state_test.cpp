#include "actors/roster/roster_state.hpp"

#include <doctest/doctest.h>

#include <random>
#include <set>
#include <utility>

#include "tests/actors/actor_fixture.hpp"

namespace starling::actors {

namespace {

using test::acme;

const tenant_id other{"other"};

cluster::roster_entry entry(const std::string& room, const std::string& user, sequence since = 1,
                            const tenant_id& tenant = acme) {
  return {tenant, room, user, 1000, since};
}

std::vector<std::string> users(const std::vector<cluster::roster_entry>& entries) {
  std::vector<std::string> out;
  for (const auto& e : entries) out.push_back(e.user);
  return out;
}
std::vector<std::string> rooms(const std::vector<cluster::roster_entry>& entries) {
  std::vector<std::string> out;
  for (const auto& e : entries) out.push_back(e.room);
  return out;
}
using texts = std::vector<std::string>;

/// A whole load: how many were new, and what is gone.
std::pair<int, std::vector<cluster::roster_entry>> load(
    roster_state& state, const std::vector<cluster::roster_entry>& all) {
  state.begin_load();
  int added = 0;
  for (const auto& e : all) added += state.add(e) ? 1 : 0;
  return {added, state.end_load()};
}

}  // namespace

TEST_SUITE("actors/roster_state") {
  TEST_CASE("a membership is found from both sides, and only in its tenant") {
    roster_state state;
    CHECK(state.add(entry("a", "ann", 5)));
    REQUIRE(state.find(acme, "ann", "a"));
    CHECK(state.find(acme, "ann", "a")->since_seq == 5);
    CHECK(rooms(state.rooms_of(acme, "ann")) == texts{"a"});
    CHECK(users(state.members_of(acme, "a", "", 10)) == texts{"ann"});
    CHECK_FALSE(state.find(other, "ann", "a"));
    CHECK(state.rooms_of(other, "ann").empty());
    CHECK(state.members_of(other, "a", "", 10).empty());
  }

  TEST_CASE("adding twice keeps the first, removing twice changes nothing") {
    roster_state state;
    CHECK(state.add(entry("a", "ann", 5)));
    CHECK_FALSE(state.add(entry("a", "ann", 9)));
    CHECK(state.find(acme, "ann", "a")->since_seq == 5);
    CHECK(state.remove(entry("a", "ann")));
    CHECK_FALSE(state.remove(entry("a", "ann")));
    CHECK_FALSE(state.find(acme, "ann", "a"));
    CHECK(state.members_of(acme, "a", "", 10).empty());
  }

  TEST_CASE("removing one of several leaves the others") {
    roster_state state;
    for (const auto* user : {"ann", "bob"})
      for (const auto* room : {"a", "b"}) state.add(entry(room, user));
    CHECK(state.remove(entry("a", "ann")));
    CHECK(rooms(state.rooms_of(acme, "ann")) == texts{"b"});
    CHECK(users(state.members_of(acme, "a", "", 10)) == texts{"bob"});
    CHECK(users(state.members_of(acme, "b", "", 10)) == texts{"ann", "bob"});
  }

  TEST_CASE("a load tells what is new and what is gone") {
    roster_state state;
    CHECK(load(state, {entry("a", "ann"), entry("a", "bob")}).first == 2);
    const auto [added, gone] = load(state, {entry("a", "bob"), entry("b", "ann")});
    CHECK(added == 1);
    REQUIRE(gone.size() == 1);
    CHECK(gone[0].room == "a");
    CHECK(gone[0].user == "ann");
    CHECK(state.size() == 2);
    const auto [again, none] = load(state, {entry("a", "bob"), entry("b", "ann")});
    CHECK(again == 0);
    CHECK(none.empty());
    CHECK(load(state, {}).second.size() == 2);
    CHECK(state.rooms_of(acme, "ann").empty());
    CHECK(state.size() == 0);
  }

  TEST_CASE("a load that was given up removes nothing, and the next one does") {
    roster_state state;
    load(state, {entry("a", "ann"), entry("a", "bob"), entry("a", "cat")});
    state.begin_load();
    state.add(entry("a", "ann"));
    CHECK(state.size() == 3);
    state.begin_load();
    state.add(entry("a", "bob"));
    CHECK(state.end_load().size() == 2);
    CHECK(users(state.members_of(acme, "a", "", 10)) == texts{"bob"});
  }

  TEST_CASE("members come in name order, page by page") {
    roster_state state;
    for (const auto* user : {"dan", "ann", "eve", "bob", "cat"}) state.add(entry("a", user));
    CHECK(users(state.members_of(acme, "a", "", 2)) == texts{"ann", "bob"});
    CHECK(users(state.members_of(acme, "a", "bob", 2)) == texts{"cat", "dan"});
    CHECK(users(state.members_of(acme, "a", "dan", 2)) == texts{"eve"});
    CHECK(state.members_of(acme, "a", "eve", 2).empty());
    CHECK(users(state.members_of(acme, "a", "bz", 1)) == texts{"cat"});  // after nobody's name
  }

  TEST_CASE("random changes of large rooms leave what a plain set has") {
    std::mt19937 random(7);
    roster_state state;
    std::set<std::pair<std::string, std::string>> plain;  // room and user
    for (int i = 0; i < 30'000; ++i) {
      const auto room = std::to_string(random() % 3);
      const auto user = std::to_string(random() % 3000);
      if (random() % 3 != 0)
        CHECK(state.add(entry(room, user)) == plain.insert({room, user}).second);
      else
        CHECK(state.remove(entry(room, user)) == (plain.erase({room, user}) == 1));
    }
    CHECK(state.size() == plain.size());
    for (const auto* room : {"0", "1", "2"}) {
      texts found;
      for (auto page = state.members_of(acme, room, "", 100); !page.empty();
           page = state.members_of(acme, room, found.back(), 100))
        for (const auto& user : users(page)) found.push_back(user);
      texts expected;
      for (const auto& [r, user] : plain)
        if (r == room) expected.push_back(user);
      CHECK(found == expected);
    }
  }
}

}  // namespace starling::actors
