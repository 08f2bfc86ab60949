#include "cluster/ingest/lease_store.hpp"

#include <doctest/doctest.h>

#include <thread>

#include "cluster/ingest/lease_keeper.hpp"
#include "tests/cluster/engines.hpp"

namespace starling::cluster {

namespace {

/// A node's way to the leases of the test.
struct ingesting_node {
  ingesting_node(std::string id, const ingest_subjects& names) : self(std::move(id)) {
    auto opened = nats_session::open({{test::shared_server().url()}, self.str(), {}, "inbox"},
                                     std::weak_ptr<nats_session::owner>());
    REQUIRE(opened.ok());
    session = *opened;
    REQUIRE(jetstream::open_context(*session, js) == NATS_OK);
    auto leases = lease_store::open(js.get(), names, 1);
    REQUIRE(leases.ok());
    store.emplace(std::move(*leases));
  }

  /// Has it the lease now?
  bool takes(lease_keeper& keeper) {
    feed_lock hold(mutex);
    auto taken = keeper.take(*store, hold);
    REQUIRE(taken.ok());
    before = taken->value_or(predecessor());
    return taken->has_value();
  }
  /// Is it still its own?
  bool renews(lease_keeper& keeper) {
    feed_lock hold(mutex);
    const auto ours = keeper.renew(*store, hold);
    REQUIRE(ours.ok());
    return *ours;
  }
  void gives_back(lease_keeper& keeper) {
    feed_lock hold(mutex);
    keeper.lose(steady_clock::now());
    REQUIRE(keeper.give_back(*store, hold).ok());
  }
  lease_keeper keeper(const std::string& key) { return {self, key, steady_clock::now()}; }

  const node_id self;
  std::shared_ptr<nats_session> session;
  jetstream::context_ptr js;
  std::optional<lease_store> store;
  std::mutex mutex;
  predecessor before;  ///< of the lease that it has taken
};

struct two_nodes {
  ingest_subjects names{test::fresh_stream()};
  ingesting_node a{"a", names};
  ingesting_node b{"b", names};
};

}  // namespace

TEST_SUITE("cluster/lease_store") {
  TEST_CASE("an entry is created once, and replaced by who knows its latest revision") {
    two_nodes n;
    CHECK_FALSE(n.a.store->read("k")->has_value());
    const auto first = n.a.store->create("k", n.a.self);
    REQUIRE(first.ok());
    CHECK_FALSE(n.b.store->create("k", n.b.self).ok());
    const auto second = n.a.store->renew("k", n.a.self, *first);
    REQUIRE(second.ok());
    const auto late = n.b.store->renew("k", n.b.self, *first);
    REQUIRE_FALSE(late.ok());
    CHECK(late.error().code == errc::conflict);
    const auto found = n.b.store->read("k");
    REQUIRE(found.ok());
    REQUIRE(found->has_value());
    CHECK((*found)->holder == "a");
    CHECK((*found)->revision == *second);
  }

  TEST_CASE("what was written since is not erased") {
    two_nodes n;
    const auto first = n.a.store->create("k", n.a.self);
    const auto second = n.a.store->renew("k", n.a.self, *first);
    REQUIRE(n.b.store->erase("k", *first).ok());
    CHECK(n.b.store->read("k")->has_value());
    REQUIRE(n.b.store->erase("k", *second).ok());
    CHECK_FALSE(n.b.store->read("k")->has_value());
    CHECK(n.b.store->create("k", n.b.self).ok());
  }
}

TEST_SUITE("cluster/lease_keeper") {
  TEST_CASE("a lease that nobody has is taken, another's is not") {
    two_nodes n;
    auto a = n.a.keeper("k");
    auto b = n.b.keeper("k");
    CHECK(n.a.takes(a));
    CHECK(n.a.before.id.empty());
    CHECK_FALSE(n.a.before.died);
    CHECK(a.holds(steady_clock::now()));
    CHECK_FALSE(a.holds(steady_clock::now() + lease::validity));
    CHECK_FALSE(n.b.takes(b));
    CHECK(b.holder() == "a");
    CHECK_FALSE(b.holds(steady_clock::now()));
  }

  TEST_CASE("of two nodes that take a lease at the same time one has it") {
    two_nodes n;
    for (int round = 0; round < 20; ++round) {
      const auto key = "k" + std::to_string(round);
      auto a = n.a.keeper(key);
      auto b = n.b.keeper(key);
      std::thread other([&] { n.b.takes(b); });
      n.a.takes(a);
      other.join();
      CHECK(a.lease().held() != b.lease().held());
    }
  }

  TEST_CASE("a node that is started again takes its own lease") {
    two_nodes n;
    auto former = n.a.keeper("k");
    REQUIRE(n.a.takes(former));
    auto next = n.a.keeper("k");
    CHECK(n.a.takes(next));
    CHECK(n.a.before.id == "a");
    CHECK_FALSE(n.a.before.died);
    CHECK_FALSE(n.a.renews(former));
  }

  TEST_CASE("a lease is renewed until another has it, and names no holder once it is lost") {
    two_nodes n;
    auto a = n.a.keeper("k");
    REQUIRE(n.a.takes(a));
    CHECK(n.a.renews(a));
    REQUIRE(n.b.store->erase("k", a.lease().revision()).ok());
    REQUIRE(n.b.store->create("k", n.b.self).ok());
    CHECK_FALSE(n.a.renews(a));
    a.lose(steady_clock::now());
    CHECK_FALSE(a.holds(steady_clock::now()));
    CHECK(a.holder().empty());
  }

  TEST_CASE("what is given back can be taken at once, from its mark on") {
    two_nodes n;
    auto a = n.a.keeper("k");
    auto b = n.b.keeper("k");
    REQUIRE(n.a.takes(a));
    REQUIRE_FALSE(n.b.takes(b));
    const auto mark = steady_clock::now();
    b.heard_mark(mark);
    n.a.gives_back(a);
    b.heard_freed(steady_clock::now());
    CHECK(n.b.takes(b));
    CHECK(n.b.before.id.empty());
    CHECK_FALSE(n.b.before.died);
    CHECK(n.b.before.handed_over == mark);
  }

  TEST_CASE("a holder that leaves without a mark has all up to where its lease is free") {
    two_nodes n;
    auto b = n.b.keeper("k");
    const auto freed = steady_clock::now();
    b.heard_freed(freed);
    CHECK(n.b.takes(b));
    CHECK(n.b.before.handed_over == freed);
  }
}

}  // namespace starling::cluster
