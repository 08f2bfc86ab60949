#include "actors/bridge/live_channels.hpp"

#include <doctest/doctest.h>

#include <set>

namespace starling::actors {

namespace {
channel_ptr room(const std::string& name) {
  return std::make_shared<channel>(room_channel(tenant_id{"t"}, name));
}
}  // namespace

TEST_SUITE("actors/live_channels") {
  TEST_CASE("no id of one partition is an id of another") {
    // A fanout holds channels of all partitions: one id for two would bring events to strangers.
    live_channels first(cluster::partition_id{0}), second(cluster::partition_id{1});
    for (const auto* room : {"a", "b", "c"}) {
      const auto name = std::make_shared<channel>(room_channel(tenant_id{"acme"}, room));
      CHECK(first.add(name).id != second.add(name).id);
    }
  }

  TEST_CASE("a channel is found by name and by id until it is removed") {
    live_channels all;
    auto& a = all.add(room("a"));
    auto& b = all.add(room("b"));
    CHECK(a.id != b.id);
    CHECK(all.find(*room("a")) == &a);
    CHECK(all.find(b.id) == &b);
    CHECK(&all.at(b.id) == &b);
    CHECK(all.find(*room("c")) == nullptr);
    CHECK(all.size() == 2);
    const auto old = a.id;
    all.remove(a);
    CHECK(all.find(*room("a")) == nullptr);
    CHECK(all.find(old) == nullptr);
    CHECK(all.find(*room("b")) == &b);
  }

  TEST_CASE("an id is never used again, although its slot is") {
    live_channels all;
    std::set<channel_id> ids;
    for (int i = 0; i < 100; ++i) {
      auto& each = all.add(room("a"));
      CHECK(ids.insert(each.id).second);
      CHECK(each.id != 0);
      all.remove(each);
    }
    for (const auto id : ids) CHECK(all.find(id) == nullptr);
    std::size_t slot = 0;
    const auto& last = all.add(room("a"));
    CHECK(all.next(slot) == &last);
    CHECK(slot == 1);
  }

  TEST_CASE("a walk in steps sees each channel once") {
    live_channels all;
    std::vector<live_channel*> added;
    for (int i = 0; i < 10; ++i) added.push_back(&all.add(room(std::to_string(i))));
    for (int i = 0; i < 10; i += 3) all.remove(*added[static_cast<std::size_t>(i)]);
    std::set<live_channel*> seen;
    std::size_t slot = 0;
    while (auto* each = all.next(slot)) CHECK(seen.insert(each).second);
    CHECK(seen.size() == all.size());
    std::size_t counted = 0;
    all.for_each([&](const live_channel& each) {
      ++counted;
      CHECK(all.find(each.id) == &each);
    });
    CHECK(counted == 6);
  }
}

TEST_SUITE("actors/shard_counts") {
  using counts = std::vector<shard_counts::count>;
  counts of(const shard_counts& all) { return {all.counts().begin(), all.counts().end()}; }

  TEST_CASE("sessions are counted by shard") {
    shard_counts all;
    CHECK(all.empty());
    all.add(3);
    all.add(3);
    CHECK(of(all) == counts{{3, 2}});
    all.add(0);
    all.add(7);
    CHECK(of(all) == counts{{3, 2}, {0, 1}, {7, 1}});
    CHECK(all.total() == 4);
    const auto copy = all;
    all.remove(3);
    all.remove(0);
    all.remove(3);
    CHECK(of(all) == counts{{7, 1}});
    all.remove(7);
    CHECK(all.empty());
    CHECK(copy.total() == 4);
    all.add(2);
    CHECK(of(all) == counts{{2, 1}});
  }
}

}  // namespace starling::actors
