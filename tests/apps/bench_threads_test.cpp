#include "apps/starling-bench/measure/thread_usage.hpp"

#include <doctest/doctest.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <thread>

namespace starling::bench {

TEST_SUITE("apps/starling-bench/threads") {
  TEST_CASE("the busiest shard thread is compared with the mean, other threads with all shards") {
    const thread_usages begin{{{1, 1}, {"starlingd", 5}}, {{1, 2}, {"shard-0", 1}}};
    const thread_usages end{{{1, 1}, {"starlingd", 6}},
                            {{1, 2}, {"shard-0", 4}},
                            {{1, 3}, {"shard-1", 1}},
                            {{1, 4}, {"nats", 1}}};
    const auto found = balance_of(begin, end);
    REQUIRE(found);
    CHECK(found->busiest_to_mean == doctest::Approx(1.5));
    CHECK(found->others_to_shards == doctest::Approx(0.5));
  }

  TEST_CASE("one shard thread, or idle ones, have no balance") {
    CHECK_FALSE(balance_of({}, {{{1, 2}, {"shard-0", 1}}, {{1, 3}, {"main", 1}}}));
    CHECK_FALSE(balance_of({}, {{{1, 2}, {"shard-0", 0}}, {{1, 3}, {"shard-1", 0}}}));
  }

  TEST_CASE("the threads of a process are found by their names") {
    std::promise<void> over;
    std::promise<void> named;
    std::thread other([&] {
      pthread_setname_np(pthread_self(), "a (b) c");
      named.set_value();
      over.get_future().wait();
    });
    named.get_future().wait();
    const auto found = thread_usages_of({getpid()});
    over.set_value();
    other.join();
    CHECK(std::ranges::any_of(found, [](const auto& t) { return t.second.name == "a (b) c"; }));
    CHECK(thread_usages_of({}).empty());
  }
}

}  // namespace starling::bench
