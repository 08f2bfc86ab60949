#include "actors/room/channel_history.hpp"

#include "tests/actors/actor_fixture.hpp"

namespace starling::actors::test {

namespace {

texts after(const ring& from, sequence seq) {
  std::vector<publication_ptr> out;
  from.copy_after(seq, out);
  return data_of(out);
}

channel_history make_history(sequence from, const std::vector<sequence>& stored,
                             const ring_limits& limits = {}) {
  channel_history out(from);
  for (const auto seq : stored) out.remember(make_publication("a", seq), limits);
  return out;
}

replay_part ask(const channel_history& history, sequence after, sequence position = 100) {
  const auto target = std::make_shared<channel>(room_of("a"));
  return history.answer({nullptr, 3, after, {7, position}, true}, 9, target);
}

bool needs_store(const replay_part& part) { return part.store_after < part.store_up_to; }

}  // namespace

TEST_SUITE("actors/channel_history ring") {
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

TEST_SUITE("actors/channel_history") {
  TEST_CASE("what is not newer than all before is not remembered") {
    auto history = make_history(0, {5});
    for (const sequence seq : {5, 4, 6}) history.remember(make_publication("a", seq), {});
    CHECK(data_of(ask(history, 0).events) == texts{"5", "6"});
  }

  TEST_CASE("a store that began anew makes small sequences new again") {
    auto history = make_history(0, {50, 60});
    history.forget(2);
    history.remember(make_publication("a", 5), {});
    const auto part = ask(history, 0, 10);
    CHECK(data_of(part.events) == texts{"5"});
    CHECK(part.store_after == 0);
    CHECK(part.store_up_to == 2);
  }

  TEST_CASE("an answer says whose it is, and what a gap means") {
    const auto part = ask(make_history(0, {}), 0);
    CHECK(part.request == 3);
    CHECK(part.id == 9);
    CHECK(*part.channel == room_of("a"));
    CHECK(part.gap_is_loss);
  }

  TEST_CASE("a wish within the ring needs nothing from the store") {
    const auto part = ask(make_history(5, {10, 20, 30}), 10);
    CHECK(data_of(part.events) == texts{"20", "30"});
    CHECK_FALSE(needs_store(part));
  }

  TEST_CASE("a wish at the ring's edge needs nothing from the store") {
    const auto part = ask(make_history(5, {10}), 5);
    CHECK(data_of(part.events) == texts{"10"});
    CHECK_FALSE(needs_store(part));
  }

  TEST_CASE("what is older than the ring is in the store, exactly up to where the ring begins") {
    const auto part = ask(make_history(5, {10, 20, 30}, {2, 1000}), 3);
    CHECK(data_of(part.events) == texts{"20", "30"});
    CHECK(part.store_after == 3);
    CHECK(part.store_up_to == 10);
  }

  TEST_CASE("a ring that has nothing leaves all of it to the store") {
    const auto part = ask(make_history(100, {}), 40);
    CHECK(part.events.empty());
    CHECK(part.store_after == 40);
    CHECK(part.store_up_to == 100);
  }
}

}  // namespace starling::actors::test
