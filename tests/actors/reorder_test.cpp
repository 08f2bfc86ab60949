#include "actors/bridge/reorder.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

namespace starling::actors::test {

namespace {

using namespace std::chrono_literals;
using numbers = std::vector<sequence>;

struct ordered {
  reorder order{3ms};
  steady_time now{};

  static numbers of(const std::vector<stored_event>& events) {
    numbers out;
    for (const auto& e : events) out.push_back(e.seq);
    return out;
  }
  numbers push(sequence seq) { return of(order.push({seq, 0, {}}, now)); }
  numbers due() { return of(order.due(now)); }
};

}  // namespace

TEST_SUITE("actors/reorder") {
  TEST_CASE("what comes in order is handed on at once") {
    ordered t;
    t.order.restart(10);
    CHECK(t.push(11) == numbers{11});
    CHECK(t.push(12) == numbers{12});
    CHECK_FALSE(t.order.waiting());
  }

  TEST_CASE("swapped ones come out in order, without waiting") {
    ordered t;
    CHECK(t.push(1) == numbers{1});
    CHECK(t.push(4).empty());
    CHECK(t.push(3).empty());
    CHECK(t.push(2) == numbers{2, 3, 4});
    CHECK_FALSE(t.order.waiting());
  }

  TEST_CASE("a gap that stays is waited for once, for as long as the hold") {
    ordered t;
    t.push(1);
    CHECK(t.push(5).empty());
    t.now += 2ms;
    CHECK(t.push(8).empty());
    CHECK(t.due().empty());
    CHECK(t.order.next_due(t.now) == 1ms);
    t.now += 1ms;
    CHECK(t.due() == numbers{5});
    CHECK(t.order.next_due(t.now) == 2ms);
    CHECK(t.order.waiting());
    t.now += 2ms;
    CHECK(t.due() == numbers{8});
  }

  TEST_CASE("an earlier one that came later goes out with the one that has waited") {
    ordered t;
    t.push(1);
    t.push(9);
    t.now += 2ms;
    t.push(7);
    t.push(10);
    t.now += 1ms;
    CHECK(t.due() == numbers{7, 9, 10});
  }

  TEST_CASE("one that comes too late is handed on all the same") {
    ordered t;
    t.push(1);
    t.push(3);
    t.now += 3ms;
    CHECK(t.due() == numbers{3});
    CHECK(t.push(2) == numbers{2});
    CHECK(t.push(4) == numbers{4});
  }

  TEST_CASE("without a hold nothing waits; restart forgets") {
    ordered t;
    reorder none(0ms);
    CHECK(ordered::of(none.push({7, 0, {}}, t.now)) == numbers{7});
    CHECK(ordered::of(none.push({3, 0, {}}, t.now)) == numbers{3});
    t.push(5);
    t.order.restart(6);
    CHECK_FALSE(t.order.waiting());
    CHECK(t.push(7) == numbers{7});
  }

  TEST_CASE("any local disorder is undone") {
    std::mt19937 random(7);
    for (int round = 0; round < 50; ++round) {
      ordered t;
      numbers arrival(200), out;
      for (std::size_t i = 0; i < arrival.size(); ++i) arrival[i] = i + 1;
      for (std::size_t i = 0; i + 4 < arrival.size(); ++i)
        std::swap(arrival[i], arrival[i + random() % 4]);
      for (const auto seq : arrival)
        for (const auto each : t.push(seq)) out.push_back(each);
      CHECK(std::is_sorted(out.begin(), out.end()));
      CHECK(out.size() == arrival.size());
    }
  }
}

}  // namespace starling::actors::test
