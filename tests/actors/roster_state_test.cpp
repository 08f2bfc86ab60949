#include "actors/roster/roster_state.hpp"

#include <doctest/doctest.h>

namespace starling::actors {

namespace {

const tenant_id acme{"acme"};
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

}  // namespace

TEST_SUITE("actors/roster_state") {
  TEST_CASE("a membership is found from both sides, and only in its tenant") {
    roster_state state;
    CHECK(state.add(entry("a", "ann", 5)));
    REQUIRE(state.find(acme, "ann", "a") != nullptr);
    CHECK(state.find(acme, "ann", "a")->since_seq == 5);
    CHECK(rooms(state.rooms_of(acme, "ann")) == texts{"a"});
    CHECK(users(state.members_of(acme, "a", "", 10)) == texts{"ann"});
    CHECK(state.find(other, "ann", "a") == nullptr);
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
    CHECK(state.find(acme, "ann", "a") == nullptr);
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

  TEST_CASE("a load tells what changed, removals first") {
    roster_state state;
    CHECK(state.load({entry("a", "ann"), entry("a", "bob")}).size() == 2);
    const auto changes = state.load({entry("a", "bob"), entry("b", "ann")});
    REQUIRE(changes.size() == 2);
    CHECK_FALSE(changes[0].added);
    CHECK(changes[0].entry.room == "a");
    CHECK(changes[0].entry.user == "ann");
    CHECK(changes[1].added);
    CHECK(changes[1].entry.room == "b");
    CHECK(changes[1].entry.user == "ann");
    CHECK(state.load({entry("a", "bob"), entry("b", "ann")}).empty());
    CHECK(state.load({}).size() == 2);
    CHECK(state.rooms_of(acme, "ann").empty());
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
}

}  // namespace starling::actors
