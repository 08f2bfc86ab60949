#include "actors/session/session_rooms.hpp"

#include <array>
#include <unordered_set>

#include "tests/actors/actor_fixture.hpp"

namespace starling::actors::test {

namespace {

/// A session of ann's, whose token allows `allowed`; channel ids are given in order from 1.
struct ann_in {
  session_rooms rooms;
  std::shared_ptr<net::identity> identity = make_identity("ann");
  channel_id last = 0;

  explicit ann_in(texts allowed = {}) { identity->rooms = std::move(allowed); }
  channel_id enter(const std::string& room, bool from_roster = false, sequence since = 0) {
    rooms.add({++last, 0, from_roster, false, std::make_shared<channel>(room_of(room)), since});
    return last;
  }
  result<std::vector<wanted_channel>> subscribe(const texts& wanted, bool with_past = false,
                                                std::size_t most = 100) {
    return rooms.subscribe(wanted, with_past, *identity, most);
  }
  /// Asks for them, as a client does.
  std::uint64_t ask(const texts& wanted) {
    const auto request = rooms.next_request();
    rooms.asked_for(request, subscribe(wanted).value(), "1");
    return request;
  }
  session_rooms::roster_step roster(const std::string& room, bool member, sequence since = 0) {
    return rooms.follow({acme, user_id("ann"), room, member, since}, *identity);
  }
};

texts names_of(const std::vector<wanted_channel>& channels) {
  texts out;
  for (const auto& each : channels) out.push_back(each.channel->name);
  return out;
}

using ids = std::vector<channel_id>;
using name_set = std::unordered_set<std::string>;

}  // namespace

TEST_SUITE("actors/session_rooms") {
  TEST_CASE("it knows its channels, and of them the rooms by name") {
    ann_in a;
    a.rooms.add({9, 0, false, false, std::make_shared<channel>(user_channel(acme, "ann")), 0});
    a.enter("x");
    const auto y = a.enter("y");
    CHECK(a.rooms.names() == texts{"x", "y"});
    CHECK(a.rooms.channels() == ids{9, 1, 2});
    CHECK(a.rooms.contains("y"));
    a.rooms.move(std::array{member_place{y, 5}});
    const auto places = a.rooms.drop({y});
    REQUIRE(places.size() == 1);
    CHECK(places[0].index == 5);
    CHECK(a.rooms.drop({y}).empty());
    CHECK(a.rooms.names() == texts{"x"});
  }

  TEST_CASE("a room that is being left is none of its rooms, and is not left twice") {
    ann_in a;
    const auto x = a.enter("x");
    CHECK(a.rooms.unsubscribe({"x", "x", "elsewhere"}) == ids{x});
    CHECK_FALSE(a.rooms.contains("x"));
    CHECK(a.rooms.names().empty());
    CHECK(a.rooms.unsubscribe({"x"}).empty());
    CHECK(a.rooms.channels() == ids{x});  // until the fanout has let go
  }

  TEST_CASE("its rooms are news at first and after every change, once") {
    ann_in a;
    CHECK(a.rooms.take_news());
    CHECK_FALSE(a.rooms.take_news());
    const auto x = a.enter("x");
    CHECK(a.rooms.take_news());
    a.rooms.drop({x});
    CHECK(a.rooms.take_news());
    CHECK_FALSE(a.rooms.take_news());
  }

  TEST_CASE("rooms that the store has are no news, until they change") {
    ann_in a;
    a.enter("x");
    const auto y = a.enter("y");
    a.rooms.stored({"y", "x"});
    CHECK_FALSE(a.rooms.take_news());
    a.rooms.drop({y});
    CHECK(a.rooms.take_news());
    a.rooms.stored({"x", "y"});
    CHECK(a.rooms.take_news());
  }

  TEST_CASE("a client gets the rooms it asks for, those that it has not got") {
    ann_in a({"*"});
    a.enter("x");
    CHECK(names_of(a.subscribe({"x", "y"}).value()) == texts{"y"});
    const auto again = a.subscribe({"x", "y"}, true).value();
    CHECK(names_of(again) == texts{"x", "y"});
    CHECK(again[0].again);
    CHECK_FALSE(again[1].again);
  }

  TEST_CASE("a room that the token does not allow is refused by its name") {
    ann_in a({"x"});
    const auto no = a.subscribe({"x", "secret"});
    REQUIRE_FALSE(no);
    CHECK(no.error().code == errc::forbidden);
    CHECK(no.error().message.find("\"secret\"") != std::string::npos);
  }

  TEST_CASE("rooms that are on their way count towards the limit, each once") {
    ann_in a({"*"});
    a.enter("x");
    a.ask({"y"});
    CHECK(a.subscribe({"x", "y", "z"}, false, 3).ok());
    const auto no = a.subscribe({"z", "w"}, false, 3);
    REQUIRE_FALSE(no);
    CHECK(no.error().code == errc::too_large);
  }

  TEST_CASE("a join is under way until it was answered") {
    ann_in a({"*"});
    CHECK_FALSE(a.rooms.joining());
    const auto first = a.ask({"x"});
    const auto second = a.ask({"y"});
    CHECK(first > opening_request);
    const auto answered = a.rooms.answered(second);
    REQUIRE(answered);
    CHECK(answered->rooms == texts{"y"});
    CHECK(answered->ref_json == "1");
    CHECK(a.rooms.joining());
    CHECK_FALSE(a.rooms.answered(second));
    CHECK(a.rooms.answered(first));
    CHECK_FALSE(a.rooms.joining());
  }

  TEST_CASE("what is unsubscribed before its join is answered is to be left then") {
    ann_in a({"*"});
    const auto request = a.ask({"x", "y"});
    CHECK(a.rooms.unsubscribe({"x"}).empty());
    CHECK(a.rooms.answered(request)->unwanted == name_set{"x"});
    const auto other = a.ask({"z"});
    a.rooms.unsubscribe({"z"});
    CHECK(names_of(a.subscribe({"z"}).value()).empty());  // wanted after all
    CHECK(a.rooms.answered(other)->unwanted.empty());
  }

  TEST_CASE("another token takes what it does not allow, but not what the roster gave") {
    ann_in a({"*"});
    const auto x = a.enter("x");
    a.enter("team", true);
    const auto request = a.ask({"y", "z"});
    a.identity->rooms = {"z"};
    CHECK(a.rooms.renew(*a.identity) == ids{x});
    CHECK(a.rooms.answered(request)->unwanted == name_set{"y"});
    CHECK(a.rooms.names() == texts{"team"});
  }

  TEST_CASE("the roster's rooms are joined from where the membership began") {
    ann_in a;
    const auto step = a.roster("team", true, 40);
    REQUIRE(step.join);
    CHECK(step.join->channel->name == "team");
    CHECK(step.join->since == 40);
    CHECK(step.join->from_roster);
    CHECK(step.leave.empty());
  }

  TEST_CASE("a room of the token that the roster gives too is kept when the roster takes it") {
    ann_in a({"team"});
    a.enter("team");
    CHECK_FALSE(a.roster("team", true).join);
    CHECK(a.roster("team", false).leave.empty());
    CHECK(a.rooms.contains("team"));
  }

  TEST_CASE("a room of the roster alone is left when the roster takes it") {
    ann_in a;
    const auto team = a.enter("team", true);
    CHECK(a.roster("other", false).leave.empty());
    CHECK(a.roster("team", false).leave == ids{team});
  }

  TEST_CASE("a membership that ends while its room is being joined is left afterwards") {
    ann_in a;
    const auto step = a.roster("team", true);
    const auto request = a.rooms.next_request();
    a.rooms.asked_for(request, {*step.join}, std::nullopt);
    CHECK_FALSE(a.roster("team", true).join);  // it is on its way
    CHECK(a.roster("team", false).leave.empty());
    CHECK(a.rooms.answered(request)->unwanted == name_set{"team"});
  }

  TEST_CASE("of former rooms those are forbidden that neither token nor roster allow now") {
    ann_in a({"x"});
    a.enter("team", true);
    CHECK(a.rooms.forbidden({"x", "team", "gone"}, *a.identity) == texts{"gone"});
  }

  TEST_CASE(
      "the past of a room of the roster begins with the membership, unless the token has it") {
    ann_in a;
    a.enter("team", true, 40);
    CHECK(a.subscribe({"team"}, true).value()[0].since == 40);
    a.identity->rooms = {"team"};
    CHECK(a.subscribe({"team"}, true).value()[0].since == 0);
  }
}

}  // namespace starling::actors::test
