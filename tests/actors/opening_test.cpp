#include "actors/session/opening.hpp"

#include "tests/actors/actor_fixture.hpp"

namespace starling::actors::test {

namespace {

struct any_view final : net::session_view {
  bool shows(const event&) override { return true; }
  void ended() override {}
  std::string describe() const override { return {}; }
};

opening asking_for(std::optional<std::string> last_event_id, bool since_last = false) {
  opening out;
  out.request = std::make_unique<net::stream_request>();
  out.request->last_event_id = std::move(last_event_id);
  out.request->since_last = since_last;
  return out;
}

}  // namespace

TEST_SUITE("actors/opening") {
  TEST_CASE("who asks for nothing of the past gets none") {
    const auto wish = asking_for(std::nullopt).wish();
    CHECK_FALSE(wish.at_last_position);
    CHECK_FALSE(wish.former_rooms);
    CHECK_FALSE(wish.from);
    CHECK(wish.lost.empty());
  }

  TEST_CASE("who resumes goes on at its cursor, and is told of rooms that were taken away") {
    const auto wish = asking_for(cursor{7, 41}.str()).wish();
    CHECK(wish.from == cursor{7, 41});
    CHECK(wish.former_rooms);
    CHECK_FALSE(wish.at_last_position);
  }

  TEST_CASE("a cursor counts for more than the wish for the last position") {
    const auto wish = asking_for(cursor{7, 41}.str(), true).wish();
    CHECK(wish.from == cursor{7, 41});
    CHECK_FALSE(wish.at_last_position);
    CHECK(asking_for(std::nullopt, true).wish().at_last_position);
  }

  TEST_CASE("a cursor that cannot be read is a loss of everything, and says so") {
    const auto wish = asking_for("nonsense").wish();
    CHECK_FALSE(wish.from);
    REQUIRE(wish.lost.size() == 1);
    CHECK(wish.lost[0].room == "*");
    CHECK(wish.lost[0].reason == "bad_cursor");
  }

  TEST_CASE("of a dialect's sessions nobody remembers rooms") {
    auto open = asking_for(cursor{7, 41}.str());
    open.request->view = std::make_unique<any_view>();
    CHECK_FALSE(open.wish().former_rooms);
  }

  TEST_CASE("the first join is to the user's own channel, the tenant's, and the rooms") {
    auto open = asking_for(std::nullopt);
    open.request->rooms = {"b"};
    const auto identity = make_identity("ann");
    identity->rooms = {"a", "b", "team-*"};
    const auto channels = open.channels(*identity, true);
    REQUIRE(channels.size() == 4);
    CHECK(*channels[0].channel == user_channel(acme, "ann"));
    CHECK(channels[0].from_start);
    CHECK(*channels[1].channel == tenant_channel(acme));
    CHECK_FALSE(channels[1].from_start);
    CHECK(channels[2].channel->name == "a");
    CHECK(channels[3].channel->name == "b");
  }
}

}  // namespace starling::actors::test
