#include "actors/room/feed_state.hpp"

#include "tests/actors/actor_fixture.hpp"

namespace starling::actors::test {

namespace {

texts after(const ring& from, sequence seq) {
  std::vector<publication_ptr> out;
  from.copy_after(seq, out);
  return data_of(out);
}

feed_state make_feed(sequence from, const std::vector<sequence>& stored,
                     const ring_limits& limits = {}) {
  feed_state out(std::make_shared<channel>(room_of("a")), 1, from, {});
  for (const auto seq : stored) CHECK(out.remember(make_publication("a", seq), limits));
  return out;
}

join_ticket ticket_at(sequence position, std::optional<sequence> resume, sequence since = 0) {
  join_ticket out;
  out.channels.push_back({std::make_shared<channel>(room_of("a")), since});
  out.position = {7, position};
  if (resume) out.resume = cursor{7, *resume};
  return out;
}

}  // namespace

TEST_SUITE("actors/feed_state ring") {
  TEST_CASE("an empty ring is complete from where it began") {
    const ring fresh(50);
    CHECK(fresh.complete_after() == 50);
    CHECK(fresh.size() == 0);
    CHECK(after(fresh, 50).empty());
  }

  TEST_CASE("a ring keeps the latest and knows from where on it is complete") {
    ring r(50);
    for (const sequence seq : {51, 53, 57, 60}) r.push(make_publication("a", seq), {3, 1000});
    CHECK(r.size() == 3);
    CHECK(r.complete_after() == 51);
    CHECK(after(r, 51) == texts{"53", "57", "60"});
    CHECK(after(r, 55) == texts{"57", "60"});
    CHECK(after(r, 57) == texts{"60"});
    CHECK(after(r, 60).empty());
  }

  TEST_CASE("bytes are limited too, but the latest event always stays") {
    ring r(0);
    r.push(make_publication("a", 1, std::string(60, 'x')), {100, 100});
    r.push(make_publication("a", 2, std::string(60, 'y')), {100, 100});
    CHECK(r.size() == 1);
    CHECK(r.complete_after() == 1);
    r.push(make_publication("a", 3, std::string(500, 'z')), {100, 100});
    CHECK(r.size() == 1);
    CHECK(r.complete_after() == 2);
    r.push(make_publication("a", 4, "small"), {100, 100});
    CHECK(after(r, 3) == texts{"small"});
    r.push(make_publication("a", 5, "tiny"), {100, 100});
    CHECK(after(r, 3) == texts{"small", "tiny"});
  }
}

TEST_SUITE("actors/feed_state") {
  TEST_CASE("what is not newer than all before is not remembered") {
    auto feed = make_feed(0, {5});
    CHECK_FALSE(feed.remember(make_publication("a", 5), {}));
    CHECK_FALSE(feed.remember(make_publication("a", 4), {}));
    CHECK(feed.remember(make_publication("a", 6), {}));
  }

  TEST_CASE("a store that began anew makes small sequences new again") {
    auto feed = make_feed(0, {50, 60});
    feed.forget_history(2);
    CHECK(feed.remember(make_publication("a", 5), {}));
    auto ticket = ticket_at(10, 0);
    feed.replay_into(ticket, 0);
    CHECK(data_of(ticket.replay) == texts{"5"});
    REQUIRE(ticket.missing.size() == 1);
    CHECK(ticket.missing[0].through == 2);
  }

  TEST_CASE("members are counted by shard") {
    feed_state feed(std::make_shared<channel>(room_of("a")), 1, 0, {{1, 4}});
    feed.member_joined(0);
    feed.member_joined(2);
    feed.member_joined(2);
    feed.member_left(0);
    const auto counts = feed.members().counts();
    CHECK(std::vector(counts.begin(), counts.end()) ==
          std::vector<shard_counts::count>{{1, 4}, {2, 2}});
  }

  TEST_CASE("without a cursor nothing is replayed") {
    auto ticket = ticket_at(100, std::nullopt);
    make_feed(0, {10, 20}).replay_into(ticket, 0);
    CHECK(ticket.replay.empty());
    CHECK(ticket.missing.empty());
  }

  TEST_CASE("a cursor within the ring needs nothing from the store") {
    auto ticket = ticket_at(100, 10);
    make_feed(5, {10, 20, 30}).replay_into(ticket, 0);
    CHECK(data_of(ticket.replay) == texts{"20", "30"});
    CHECK(ticket.missing.empty());
  }

  TEST_CASE("a cursor at the ring's edge needs nothing from the store") {
    auto ticket = ticket_at(100, 5);
    make_feed(5, {10}).replay_into(ticket, 0);
    CHECK(data_of(ticket.replay) == texts{"10"});
    CHECK(ticket.missing.empty());
  }

  TEST_CASE("what is older than the ring is missing, exactly up to where the ring begins") {
    auto ticket = ticket_at(100, 3);
    make_feed(5, {10, 20, 30}, {2, 1000}).replay_into(ticket, 0);
    CHECK(data_of(ticket.replay) == texts{"20", "30"});
    REQUIRE(ticket.missing.size() == 1);
    CHECK(ticket.missing[0].after == 3);
    CHECK(ticket.missing[0].through == 10);
    CHECK(*ticket.missing[0].where == room_of("a"));
  }

  TEST_CASE("a membership that began later than the cursor hides what was before") {
    auto ticket = ticket_at(100, 3, 20);
    make_feed(5, {10, 20, 30}).replay_into(ticket, 0);
    CHECK(data_of(ticket.replay) == texts{"30"});
    CHECK(ticket.missing.empty());
  }

  TEST_CASE("a cursor at the position has nothing to catch up with") {
    auto ticket = ticket_at(100, 100);
    make_feed(200, {}).replay_into(ticket, 0);
    CHECK(ticket.missing.empty());
  }
}

}  // namespace starling::actors::test
