#include "actors/session/replay_fit.hpp"

#include "tests/actors/actor_fixture.hpp"

namespace starling::actors::test {

namespace {

channel_ptr shared(const std::string& room) { return std::make_shared<channel>(room_of(room)); }

publication_ptr event_of(const std::string& room, const std::string& id, cursor at, sequence seq) {
  auto out = make_event(room_of(room), id);
  out.id = id;
  return std::make_shared<publication>(std::move(out), at, seq);
}

}  // namespace

TEST_SUITE("actors/replay_fit") {
  TEST_CASE("the past of a room that was left while it was fetched is forgotten, no other") {
    session_rooms rooms;
    rooms.add({2, 0, false, false, shared("b"), 0});
    std::vector<publication_ptr> past{make_publication("a", 1, "a"), make_publication("b", 2, "b"),
                                      make_publication("c", 3, "c")};
    // c is joined for the first time: it is none of the session's rooms yet.
    forget_left(past,
                {{1, shared("a"), 0, false, true},
                 {2, shared("b"), 0, false, true},
                 {3, shared("c"), 0, false, false}},
                rooms);
    CHECK(data_of(past) == texts{"b", "c"});
  }

  TEST_CASE("a past that lies behind the client stands where the client is") {
    std::vector<publication_ptr> past{make_publication("a", 5, "x"),
                                      make_publication("a", 20, "y")};
    stand_behind(past, {past[0]->at().epoch, 10});
    CHECK(past[0]->at().seq == 10);
    CHECK(past[0]->seq() == 5);
    CHECK(past[1]->at().seq == 20);
  }

  TEST_CASE("an event is in a replay by its place, its id and its room together") {
    const std::vector<publication_ptr> past{event_of("a", "1", {7, 30}, 30)};
    const replayed_events known(past);
    CHECK(known.contain(event_of("a", "1", {7, 30}, 30)));
    CHECK_FALSE(known.contain(event_of("b", "1", {7, 30}, 30)));
    CHECK_FALSE(known.contain(event_of("a", "2", {7, 30}, 30)));
    CHECK_FALSE(known.contain(event_of("a", "1", {7, 31}, 31)));
  }

  TEST_CASE("a late event is known by either of its two places") {
    const std::vector<publication_ptr> past{event_of("a", "1", {7, 40}, 12)};
    const replayed_events known(past);
    CHECK(known.contain(event_of("a", "1", {7, 12}, 12)));
    CHECK(known.contain(event_of("a", "1", {7, 40}, 40)));
  }

  TEST_CASE("what is not stored is in no replay") {
    const std::vector<publication_ptr> past{event_of("a", "1", {7, 30}, 30)};
    const replayed_events known(past);
    CHECK_FALSE(known.contain(event_of("a", "1", {7, 30}, 0)));
  }
}

}  // namespace starling::actors::test
