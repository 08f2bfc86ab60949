#include "actors/session/replay.hpp"

#include "tests/actors/actor_fixture.hpp"

namespace starling::actors::test {

namespace {

constexpr epoch_id this_life = 7;
constexpr std::uint64_t request = 3;

channel_ptr where_of(channel_id id) {
  return std::make_shared<channel>(room_of(std::string(1, static_cast<char>('a' + id - 1))));
}

/// An answer whose cursor was at 50, at position 100; channels 1, 2 and so on are rooms a, b, ...
joined answer_for(const std::vector<channel_id>& awaited) {
  joined out{};
  out.request = request;
  out.position = {this_life, 100};
  out.resume = cursor{this_life, 50};
  out.resumed = true;
  out.gap_is_loss = true;
  for (const auto id : awaited) {
    out.channels.push_back({id, where_of(id), 0, false, false});
    out.parts.push_back({id, 50});
  }
  return out;
}

replay_part part_of(channel_id id, const std::vector<sequence>& seqs, sequence store_after = 0,
                    sequence store_up_to = 0) {
  const auto channel = where_of(id);
  replay_part out{request, id, channel, {}, store_after, store_up_to, true};
  for (const auto seq : seqs)
    out.events.push_back(make_publication(channel->name, seq, channel->name + std::to_string(seq)));
  return out;
}

cluster::log_page page_of(channel_id id, const std::vector<sequence>& seqs, bool more = false,
                          bool dropped = false) {
  const auto name = where_of(id)->name;
  cluster::log_page out;
  for (const auto seq : seqs)
    out.events.push_back({seq, 0, make_event(room_of(name), name + std::to_string(seq))});
  out.more = more;
  out.dropped = dropped;
  return out;
}

publication_ptr late_event(const std::string& room, sequence seq, sequence id) {
  return std::make_shared<publication>(make_event(room_of(room), "late"), cursor{this_life, id},
                                       seq);
}

}  // namespace

TEST_SUITE("actors/replay") {
  TEST_CASE("an answer that awaits no part is complete, and not before it is there") {
    replay r(request, 10);
    CHECK(r.request() == request);
    CHECK_FALSE(r.begun());
    CHECK_FALSE(r.complete());
    r.begin(answer_for({}));
    CHECK(r.begun());
    CHECK(r.complete());
    CHECK(r.take().empty());
    CHECK(r.answer().resumed);
  }

  TEST_CASE("parts before the answer and after it are one replay in the order of their ids") {
    replay r(request, 10);
    CHECK_FALSE(r.add(part_of(2, {61, 64})));
    CHECK_FALSE(r.complete());
    r.begin(answer_for({1, 2}));
    CHECK_FALSE(r.complete());
    CHECK_FALSE(r.add(part_of(1, {60, 63})));
    REQUIRE(r.complete());
    CHECK(data_of(r.take()) == texts{"a60", "b61", "a63", "b64"});
  }

  TEST_CASE("what only the store has is read, one more than history keeps") {
    replay r(request, 10);
    r.begin(answer_for({1}));
    const auto read = r.add(part_of(1, {90}, 50, 80));
    REQUIRE(read.has_value());
    CHECK(read->id == 1);
    CHECK(*read->of == room_of("a"));
    CHECK(read->after == 50);
    CHECK(read->up_to == 80);
    CHECK(read->limit == 11);
    CHECK_FALSE(r.complete());
    CHECK_FALSE(r.add(1, page_of(1, {60, 70}), this_life));
    REQUIRE(r.complete());
    const auto events = r.take();
    CHECK(data_of(events) == texts{"a60", "a70", "a90"});
    CHECK(events[0]->at() == cursor{this_life, 60});
    CHECK(events[0]->seq() == 60);
    CHECK(r.answer().resumed);
    CHECK(r.answer().lost.empty());
  }

  TEST_CASE("a part of several pages is read to its end") {
    replay r(request, 10);
    r.begin(answer_for({1}));
    r.add(part_of(1, {}, 50, 80));
    const auto rest = r.add(1, page_of(1, {60, 61}, true), this_life);
    REQUIRE(rest.has_value());
    CHECK(rest->after == 61);
    CHECK(rest->up_to == 80);
    CHECK(rest->limit == 9);
    CHECK_FALSE(r.complete());
    CHECK_FALSE(r.add(1, page_of(1, {62}), this_life));
    REQUIRE(r.complete());
    CHECK(data_of(r.take()) == texts{"a60", "a61", "a62"});
  }

  TEST_CASE("what the store has beyond history is not shown, and is a loss") {
    replay r(request, 2);
    r.begin(answer_for({1}));
    r.add(part_of(1, {90}, 50, 80));
    CHECK_FALSE(r.add(1, page_of(1, {60, 61, 62}, true), this_life));
    REQUIRE(r.complete());
    CHECK(data_of(r.take()) == texts{"a61", "a62", "a90"});
    REQUIRE(r.answer().lost.size() == 1);
    CHECK(r.answer().lost[0].room == "a");
    CHECK(r.answer().lost[0].reason == "expired");
    CHECK_FALSE(r.answer().resumed);
  }

  TEST_CASE("what the store has dropped is a loss where a gap is one, and named once") {
    for (const bool is_loss : {true, false}) {
      CAPTURE(is_loss);
      replay r(request, 10);
      auto answer = answer_for({1});
      add_loss(answer.lost, "b", "expired");
      if (is_loss) add_loss(answer.lost, "a", "expired");
      r.begin(std::move(answer));
      auto part = part_of(1, {}, 50, 80);
      part.gap_is_loss = is_loss;
      r.add(std::move(part));
      r.add(1, page_of(1, {70}, false, true), this_life);
      REQUIRE(r.complete());
      CHECK(data_of(r.take()) == texts{"a70"});
      CHECK(r.answer().lost.size() == (is_loss ? 2 : 1));
      CHECK(r.answer().resumed == !is_loss);
    }
  }

  TEST_CASE("an empty page ends a read, whatever it says of more") {
    replay r(request, 10);
    r.begin(answer_for({1}));
    r.add(part_of(1, {}, 50, 80));
    CHECK_FALSE(r.add(1, page_of(1, {}, true), this_life));
    CHECK(r.complete());
  }

  TEST_CASE("a part that comes twice counts once, and a page nobody awaits does not") {
    replay r(request, 10);
    CHECK_FALSE(r.add(1, page_of(1, {55}), this_life));
    r.begin(answer_for({1, 2}));
    CHECK_FALSE(r.add(part_of(1, {60})));
    CHECK_FALSE(r.add(part_of(1, {60}, 50, 80)));
    CHECK_FALSE(r.add(1, page_of(1, {55}), this_life));
    CHECK_FALSE(r.complete());
    r.add(part_of(2, {}));
    REQUIRE(r.complete());
    CHECK(data_of(r.take()) == texts{"a60"});
  }

  TEST_CASE("the part of an actor that died is read from the store, up to the position") {
    replay r(request, 10);
    CHECK_FALSE(r.actor_rebuilt(1));  // not asked for anything yet
    r.begin(answer_for({1, 2}));
    r.add(part_of(2, {60}));
    CHECK_FALSE(r.actor_rebuilt(2));  // has answered
    CHECK_FALSE(r.actor_rebuilt(9));  // was not asked
    const auto read = r.actor_rebuilt(1);
    REQUIRE(read.has_value());
    CHECK(read->id == 1);
    CHECK(*read->of == room_of("a"));
    CHECK(read->after == 50);
    CHECK(read->up_to == 100);
    CHECK_FALSE(r.actor_rebuilt(1));  // is being read
    CHECK_FALSE(r.complete());
    r.add(1, page_of(1, {70}, false, true), this_life);
    REQUIRE(r.complete());
    CHECK(data_of(r.take()) == texts{"b60", "a70"});
    CHECK(r.answer().lost.size() == 1);
  }

  TEST_CASE("a late event is replayed under the id that it was handed out with") {
    replay r(request, 10);
    auto answer = answer_for({1});
    answer.late = {late_event("b", 40, 62)};
    r.begin(std::move(answer));
    r.add(part_of(1, {60, 62, 63}));
    const auto events = r.take();
    CHECK(data_of(events) == texts{"a60", "a62", "late", "a63"});
    CHECK(events[2]->at().seq == 62);
    CHECK(events[2]->seq() == 62);
  }

  TEST_CASE("a late event at the cursor itself counts as behind it") {
    replay r(request, 10);
    auto answer = answer_for({});
    answer.late = {late_event("b", 40, 50)};
    r.begin(std::move(answer));
    const auto events = r.take();
    REQUIRE(events.size() == 1);
    CHECK(events[0]->at().seq == 50);
    CHECK(events[0]->seq() == 51);
  }
}

}  // namespace starling::actors::test
