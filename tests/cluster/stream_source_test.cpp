#include "cluster/ingest/stream_source.hpp"

#include <doctest/doctest.h>

using namespace starling;
using namespace starling::cluster;
using namespace std::chrono_literals;

namespace {

const steady_time start{1000s};

jetstream::delivery delivered_as(std::uint64_t number, std::uint64_t sequence) {
  jetstream::delivery out;
  out.number = number;
  out.seq = sequence;
  return out;
}

/// The consumer has delivered so many, and all of that is acknowledged.
stream_source reading(std::uint64_t delivered = 0) {
  stream_source out;
  out.restart(start);
  out.consumer_found({delivered, 0}, 0, start);
  return out;
}

bool pull(stream_source& from, steady_time now) {
  return from.begin_pull(now, now + lease::validity);
}

}  // namespace

TEST_SUITE("cluster/stream_source") {
  TEST_CASE("what comes in the order of its numbers is handed out and acknowledged once") {
    auto source = reading(5);
    REQUIRE(source.ready());
    CHECK(source.begin(delivered_as(6, 100), "ack 6", start));
    CHECK(source.begin(delivered_as(7, 101), "ack 7", start));
    CHECK(source.under_way() == 2);
    CHECK(source.settle(101) == "ack 7");
    CHECK(source.settle(101) == std::nullopt);
    CHECK(source.settle(100) == "ack 6");
    CHECK(source.under_way() == 0);
  }

  TEST_CASE("behind a hole nothing is taken until all comes again") {
    auto source = reading();
    CHECK(source.begin(delivered_as(1, 1), "ack", start));
    CHECK_FALSE(source.begin(delivered_as(3, 3), "ack", start));
    CHECK_FALSE(source.ready());
    CHECK_FALSE(source.begin(delivered_as(2, 2), "ack", start));
    source.consumer_found({3, 3}, 0, start + 1s);
    CHECK_FALSE(source.ready());  // 2 and 3 are not acknowledged and have not come again
    source.consumer_found({3, 3}, 0, start + stream_source::again_wait);
    CHECK(source.ready());
    CHECK(source.begin(delivered_as(4, 2), "ack", start + 2s));
  }

  TEST_CASE("what is under way here, or acknowledged and not yet sent, is nothing to wait for") {
    auto source = reading();
    CHECK(source.begin(delivered_as(1, 1), "ack", start));
    source.restart(start);
    source.consumer_found({3, 3}, 1, start);
    CHECK_FALSE(source.ready());
    CHECK_FALSE(source.look_due(start + 49ms));
    CHECK(source.look_due(start + 50ms));
    source.consumer_found({3, 3}, 2, start);
    CHECK(source.ready());
  }

  TEST_CASE("a message that comes again while it is under way is acknowledged at the later place") {
    auto source = reading();
    CHECK(source.begin(delivered_as(1, 1), "first", start));
    CHECK_FALSE(source.begin(delivered_as(2, 1), "second", start));
    CHECK(source.settle(1) == "second");
  }

  TEST_CASE("a consumer that was away counts its waits from when it answers again") {
    stream_source source;
    source.restart(start);
    source.consumer_away(start + 2s);
    CHECK_FALSE(source.look_due(start + 2900ms));
    CHECK(source.look_due(start + 3s));
    source.consumer_found({4, 1}, 0, start + 3s);
    CHECK_FALSE(source.ready());
    source.consumer_found({4, 1}, 0, start + 3s + stream_source::again_wait);
    CHECK(source.ready());
  }

  TEST_CASE(
      "one pull at a time, the next when it is complete, has ended, or has not for too long") {
    auto source = reading();
    CHECK(pull(source, start));
    CHECK_FALSE(pull(source, start + 100ms));
    source.pull_ended(true);
    CHECK(source.ready());
    CHECK(pull(source, start + 100ms));
    for (std::size_t i = 1; i < stream_source::pull_batch; ++i) CHECK_FALSE(source.arrived());
    CHECK_FALSE(pull(source, start + 200ms));
    CHECK(source.arrived());
    CHECK_FALSE(source.arrived());  // of a pull that was given up
    CHECK(pull(source, start + 200ms));
    CHECK_FALSE(pull(source, start + 200ms + stream_source::pull_expires));
    CHECK(pull(source, start + 300ms + stream_source::pull_expires));
    source.pull_ended(false);
    CHECK_FALSE(source.ready());
  }

  TEST_CASE("nothing is pulled long after the lease was asked for: it would come to two nodes") {
    auto source = reading();
    const auto valid_until = start + lease::validity;
    CHECK_FALSE(source.begin_pull(start + stream_source::pulls_after_renewal + 1ms, valid_until));
    CHECK(source.begin_pull(start + stream_source::pulls_after_renewal, valid_until));
  }

  TEST_CASE("no more is asked for than may be under way") {
    auto source = reading();
    constexpr auto room = stream_source::max_unacked - stream_source::pull_batch;
    for (std::uint64_t i = 1; i <= room + 1; ++i)
      REQUIRE(source.begin(delivered_as(i, i), "ack", start));
    CHECK_FALSE(pull(source, start));
    CHECK(source.settle(1));
    CHECK(pull(source, start));
    source.drop();
    CHECK(source.under_way() == 0);
    CHECK(pull(source, start));
  }
}
