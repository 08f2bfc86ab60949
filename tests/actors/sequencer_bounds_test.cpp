/// What waits is bounded, and what happens at the bound.
#include <algorithm>

#include "tests/actors/sequencer_fixture.hpp"

namespace starling::actors::test::sequencing {

using enum sequencer_phase;

namespace {

sequencer_options small() {
  sequencer_options out;
  out.held = {10, 1u << 20};
  return out;
}

/// Publishes until the queue of those that wait has been emptied once.
std::vector<stored_event> overflow(sequencer_node& n, const texts& rooms, std::size_t count = 11) {
  std::vector<stored_event> out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(n.store(rooms[i % rooms.size()]));
    n.arrives(out.back());
  }
  return out;
}
texts data_of(const std::vector<stored_event>& events) {
  texts out;
  for (const auto& each : events) out.push_back(each.event.data);
  return out;
}

bool in_order(const sequencer_node& n) {
  const auto ids = n.ids();
  return std::is_sorted(ids.begin(), ids.end());
}

}  // namespace

TEST_SUITE("actors/sequencer bounds") {
  TEST_CASE("events that are too many to wait for a repair are read again after it") {
    sequencer_node n(small());
    n.start({"a", "b"});
    std::vector<stored_event> all{n.store("a")};
    const auto waiting = overflow(n, {"a", "b"}, 13);  // the first tells of the hole
    all.insert(all.end(), waiting.begin(), waiting.end());
    n.answer_read(page_of({all[0]}));
    CHECK(n.order.phase() == repairing);
    CHECK(n.heard() == texts{all[0].event.data});
    CHECK(n.out.reads.size() == 2);
    n.answer_reads(all);
    CHECK(n.order.phase() == live);
    CHECK(n.heard() == data_of(all));
    CHECK(n.out.losses.empty());
  }

  TEST_CASE("events that are too large together count as too many") {
    auto options = small();
    options.held = {1000, 10'000};
    sequencer_node n(options);
    n.start({"a"});
    std::vector<stored_event> all;
    for (int i = 0; i < 3; ++i) all.push_back(n.store("a", std::string(6'000, 'x')));
    n.arrives(all[1]);
    n.arrives(all[2]);  // both are dropped
    n.answer_read(page_of({all[0]}));
    CHECK(n.heard().size() == 1);
    n.answer_reads(all);
    CHECK(n.heard().size() == 3);
  }

  TEST_CASE("events that are too many to wait for a catch-up are read by it") {
    sequencer_node n(small());
    n.start({"a", "b"});
    n.order.leader_changed();
    const auto all = overflow(n, {"a", "b"}, 25);
    n.fence_back();
    n.answer_reads(all);
    CHECK(n.heard() == data_of(all));
    CHECK(n.order.phase() == live);
  }

  TEST_CASE("a fence among those that are dropped is sent again") {
    sequencer_node n(small());
    n.start({"a"});
    std::vector<stored_event> all{n.store("a"), n.store("a")};
    n.arrives(all[1]);
    n.want({"b"});
    n.fence_back();
    const auto more = overflow(n, {"a", "b"});
    all.insert(all.end(), more.begin(), more.end());
    n.answer_reads(all);
    CHECK_FALSE(n.is_live("b"));
    CHECK(n.order.phase() == live);
    n.fence_back();
    CHECK(n.is_live("b"));
    texts of_a;
    for (const auto& each : all)
      if (each.event.channel == room_of("a")) of_a.push_back(each.event.data);
    CHECK(n.heard() == of_a);
  }

  TEST_CASE("a channel that became live meanwhile gets what was dropped of it") {
    sequencer_node n(small());
    n.start({"a"});
    n.order.leader_changed();
    const auto missed = n.store("a");
    // The fence below is that of the catch-up: b becomes live with it, after the repair.
    n.want({"b"});
    n.fence_back();
    n.answer_reads({missed});
    n.store("a");
    const auto hole = n.store("a");
    n.arrives(hole);
    n.fence_back();  // waits
    const auto more = overflow(n, {"b"}, 3);
    CHECK(n.order.phase() == repairing);
    n.answer_reads({hole});
    CHECK(n.is_live("b"));
    CHECK(n.heard() == texts{missed.event.data, hole.event.data, more[0].event.data,
                             more[1].event.data, more[2].event.data});
  }

  TEST_CASE("who overflows again and again is given up, told and counted, and the rest goes on") {
    sequencer_node n(small());
    n.start({"a", "b", "quiet"});
    std::vector<stored_event> all{n.store("a"), n.store("a")};
    n.arrives(all[1]);
    for (int round = 0; round <= 3; ++round) {
      CHECK(n.out.losses.empty());
      const auto more = overflow(n, {"a", "b"}, 12);
      const auto known = all;
      all.insert(all.end(), more.begin(), more.end());
      auto asked = std::exchange(n.out.reads, {});
      for (const auto& each : asked) {
        n.out.reads.push_back(each);
        std::vector<stored_event> found;
        for (const auto& e : known)
          if (e.event.channel == each.channel && e.seq > each.range.after &&
              e.seq <= each.range.up_to)
            found.push_back(e);
        n.order.page(take_oldest(n.out.reads).range, page_of(std::move(found)));
      }
    }
    CHECK(n.order.phase() == live);
    texts told;
    for (const auto& each : n.out.losses) {
      CHECK(each.reason == "overload");
      told.push_back(each.room);
    }
    std::sort(told.begin(), told.end());
    CHECK(told == texts{"a", "b"});
    n.publish("a", "goes on");
    CHECK(n.heard().back() == "goes on");
    CHECK(n.out.reads.empty());
    CHECK(in_order(n));
  }

  TEST_CASE("a repair asks for no more pages at a time than it may") {
    sequencer_options options;
    options.repair.reads = 2;
    sequencer_node n(options);
    n.start({"a", "b", "c", "d", "e"});
    n.order.leader_changed();
    n.fence_back();
    for (int left = 5; left > 0; --left) {
      CHECK(n.out.reads.size() == static_cast<std::size_t>(std::min(left, 2)));
      n.answer_read({});
    }
    CHECK(n.order.phase() == live);
  }

  TEST_CASE("a repair that finds more than it may keep delivers it in rounds, in order") {
    sequencer_options options;
    options.repair.page = 4;
    options.repair.found = {6, 1u << 20};
    sequencer_node n(options);
    n.start({"a", "b", "c"});
    std::vector<stored_event> all;
    for (int i = 0; i < 100; ++i)
      all.push_back(n.store(i < 20 ? "a" : i < 60 ? "b" : i % 3 == 0 ? "c" : "a"));
    n.order.leader_changed();
    n.fence_back();
    n.answer_reads(all);
    CHECK(n.heard() == data_of(all));
    CHECK(n.out.found == 100);
    CHECK(n.position() == n.end_of_store);
  }

  TEST_CASE("events that wait for an earlier one go on without it when they are too many") {
    sequencer_options options;
    options.disorder = 4ms;
    options.reordered = {3, 1u << 20};
    sequencer_node n(options);
    n.start({"a", "b"});
    const auto slow = n.store("a", "slow");
    for (int i = 0; i < 3; ++i) n.publish("b");
    CHECK(n.heard().empty());
    n.publish("b");
    CHECK(n.heard().size() == 4);
    n.arrives(slow);  // late
    CHECK(n.heard().back() == "slow");
    CHECK(in_order(n));
    CHECK(n.order.late_for(room_of("a"), 0, {sequencer_node::epoch, n.end_of_store}).size() == 1);
  }
}

}  // namespace starling::actors::test::sequencing
