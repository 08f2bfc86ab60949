#include "actors/ingest/tenant_finder.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace starling;
using namespace starling::actors;

namespace {

using names = std::vector<std::string>;

const tenant_id a("A");
const tenant_id b("B");

struct knowing {
  knowing() {
    directory.room_seen(a, "of_a");
    directory.room_seen(a, "of_both");
    directory.room_seen(b, "of_both");
    directory.user_seen(a, "ann");
    directory.user_seen(b, "bob");
  }
  /// A line of tenant, rooms and users for each event that it becomes; "?": nobody knows.
  std::string find(const net::mapped_event& event, bool asked = true) {
    const auto found = finder.find({event}, asked);
    if (!found) return "?";
    std::string out;
    for (const auto& each : *found) {
      out += each.tenant->str() + ':';
      for (const auto* list : {&each.rooms, &each.users})
        for (const auto& name : *list) out += name + ' ';
    }
    return out;
  }

  tenant_directory directory;
  tenant_finder finder{directory, true};
};

net::mapped_event to(names rooms, names users = {}) {
  net::mapped_event out;
  out.rooms = std::move(rooms);
  out.users = std::move(users);
  return out;
}

}  // namespace

TEST_SUITE("actors/tenant_finder") {
  TEST_CASE("a tenant that is named is believed and its rooms are remembered") {
    knowing n;
    auto named = to({"new"});
    named.tenant = b;
    CHECK(n.find(named, false) == "B:new ");
    CHECK(n.find(to({"new"}), false) == "B:new ");
  }

  TEST_CASE("a room that one tenant has decides, one that several have does not") {
    knowing n;
    CHECK(n.find(to({"of_a"}, {"bob"}), false) == "A:of_a bob ");
    CHECK(n.find(to({"of_both"})) == "?");
    CHECK(n.find(to({"of_both", "of_a"})) == "A:of_both of_a ");
  }

  TEST_CASE("people of one tenant make it that tenant's; of several, each gets its own") {
    knowing n;
    CHECK(n.find(to({"r"}, {"ann"})) == "A:r ann ");
    CHECK(n.find(to({"s"}, {"ann", "bob", "eve"})) == "A:ann B:bob ");
    auto about = to({"t"});
    about.about = {"bob"};
    CHECK(n.find(about) == "B:t ");
    auto everyone = to({}, {"ann", "bob"});
    everyone.everyone = true;
    CHECK(n.find(everyone) == "?");
  }

  TEST_CASE("before others were asked, a user whom nobody here knows may be known to them") {
    knowing n;
    CHECK(n.find(to({"s"}, {"ann", "eve"}), false) == "?");
    CHECK(n.find(to({"s"}, {"ann", "eve"}), true) == "A:s ann eve ");
  }

  TEST_CASE("every tenant's is a copy for each that is known, when others were asked") {
    knowing n;
    auto all = to({"r"});
    all.tenant = tenant_id("*");
    CHECK(n.find(all, false) == "?");
    CHECK(n.find(all, true) == "A:r B:r ");
  }

  TEST_CASE("a trial finds the same and teaches nothing") {
    knowing n;
    const tenant_finder trial(n.directory, false);
    CHECK(trial.find({to({"s"}, {"ann"})}, true)->front().tenant == a);
    auto named = to({"t"});
    named.tenant = b;
    CHECK(trial.find({named}, true)->front().tenant == b);
    CHECK(n.find(to({"s"})) == "?");
    CHECK(n.find(to({"t"})) == "?");
  }

  TEST_CASE("of several events of a message one that nobody knows holds up all") {
    knowing n;
    CHECK(n.finder.find({to({"of_a"}), to({"nobodys"})}, true) == std::nullopt);
    CHECK(n.finder.find({to({"of_a"}), to({}, {"bob"})}, true)->size() == 2);
  }
}
