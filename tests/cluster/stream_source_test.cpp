#include "cluster/ingest/stream_source.hpp"

#include <doctest/doctest.h>

using namespace starling;
using namespace starling::cluster;
using namespace std::chrono_literals;

namespace {

const steady_time start{1000s};

using sequences = std::vector<std::uint64_t>;

sequences of(const stream_source::messages& messages) {
  sequences out;
  for (const auto& each : messages) out.push_back(each.number);
  return out;
}

/// What is handed out when delivery `number` is the message `sequence`.
sequences take(stream_source& from, std::uint64_t number, std::uint64_t sequence,
               steady_time now = start, const std::string& reply = "ack") {
  foreign_message message;
  message.number = sequence;
  return of(from.take(number, reply, std::move(message), now));
}

/// The consumer has delivered so many, and all of that is acknowledged.
stream_source reading(std::uint64_t delivered = 0) {
  stream_source out;
  out.restart(start);
  out.consumer_found({delivered, delivered, 0}, start);
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
    CHECK(take(source, 6, 100, start, "ack 6") == sequences{100});
    CHECK(take(source, 7, 101, start, "ack 7") == sequences{101});
    CHECK(source.under_way() == 2);
    CHECK(source.settle(101) == "ack 7");
    CHECK(source.settle(101) == std::nullopt);
    CHECK(source.settle(100) == "ack 6");
    CHECK(source.under_way() == 0);
  }

  TEST_CASE("behind a hole nothing is taken until all comes again") {
    auto source = reading();
    CHECK(take(source, 1, 1) == sequences{1});
    CHECK(take(source, 3, 3).empty());
    CHECK_FALSE(source.ready());
    CHECK(take(source, 2, 2).empty());
    source.consumer_found({3, 3, 3}, start + 1s);
    CHECK_FALSE(source.ready());  // 2 and 3 are not acknowledged and have not come again
    source.consumer_found({3, 3, 3}, start + stream_source::again_wait);
    CHECK(source.ready());
    CHECK(take(source, 4, 1, start + 2s).empty());
    CHECK(take(source, 5, 2, start + 2s).empty());
    CHECK(take(source, 6, 3, start + 2s) == sequences{2, 3});
  }

  TEST_CASE("what comes again is handed out in the order of the stream, when all of it is there") {
    // Delivered as 1 to 4; then a node that died took 1 and 2 again.
    stream_source source;
    source.restart(start);
    const auto now = start + stream_source::again_wait;
    source.consumer_found({6, 4, 4}, now);
    REQUIRE(source.ready());
    CHECK(take(source, 7, 3, now).empty());
    CHECK(take(source, 8, 4, now).empty());
    CHECK(take(source, 9, 1, now).empty());
    CHECK(source.under_way() == 0);

    SUBCASE("all that was not acknowledged") {
      CHECK(take(source, 10, 2, now) == sequences{1, 2, 3, 4});
      CHECK(take(source, 11, 5, now) == sequences{5});
      CHECK(source.settle(4) == "ack");
    }
    SUBCASE("all there is: something new comes") {
      CHECK(take(source, 10, 5, now) == sequences{1, 3, 4, 5});
      CHECK(take(source, 11, 6, now) == sequences{6});
    }
    SUBCASE("all there is: the pull ends with nothing") {
      CHECK(of(source.pull_ended(true, now)) == sequences{1, 3, 4});
      CHECK(of(source.pull_ended(true, now)).empty());
    }
    SUBCASE("one that comes twice is one") {
      CHECK(take(source, 10, 3, now).empty());
      CHECK(take(source, 11, 2, now) == sequences{1, 2, 3, 4});
    }
    SUBCASE("not behind a hole, nor from another consumer") {
      SUBCASE("hole") { CHECK(take(source, 11, 2, now).empty()); }
      SUBCASE("consumer") { CHECK(of(source.pull_ended(false, now)).empty()); }
      CHECK_FALSE(source.ready());
      const auto later = now + stream_source::again_wait;
      source.consumer_found({11, 4, 4}, later);
      CHECK(take(source, 12, 2, later).empty());
      CHECK(take(source, 13, 4, later).empty());
      CHECK(take(source, 14, 3, later).empty());
      CHECK(take(source, 15, 1, later) == sequences{1, 2, 3, 4});
    }
    SUBCASE("of no duty that is over") {
      source.drop();
      CHECK(of(source.pull_ended(true, now)).empty());
    }
  }

  TEST_CASE("what comes again is asked for however much it is") {
    stream_source source;
    source.restart(start);
    const auto now = start + stream_source::again_wait;
    constexpr auto many = 2 * stream_source::max_unacked;
    source.consumer_found({many, many, many}, now);
    for (std::uint64_t i = 1; i < many; ++i) {
      if (i % stream_source::pull_batch == 1) REQUIRE(pull(source, now));
      source.arrived();
      REQUIRE(take(source, many + i, i, now).empty());
    }
    source.arrived();
    CHECK(take(source, 2 * many, many, now).size() == many);
    CHECK(source.under_way() == many);
    CHECK_FALSE(pull(source, now));  // nothing new until less is under way
  }

  TEST_CASE("what is under way here is nothing to wait for") {
    auto source = reading();
    CHECK(take(source, 1, 1) == sequences{1});
    CHECK(take(source, 2, 2) == sequences{2});
    source.restart(start);
    source.consumer_found({3, 3, 3}, start);
    CHECK_FALSE(source.ready());
    CHECK_FALSE(source.look_due(start + 49ms));
    CHECK(source.look_due(start + 50ms));
    source.consumer_found({3, 3, 2}, start);
    CHECK(source.ready());
    CHECK(take(source, 4, 4) == sequences{4});
  }

  TEST_CASE("a message that comes again while it is under way is acknowledged at the later place") {
    auto source = reading();
    CHECK(take(source, 1, 1, start, "first") == sequences{1});
    CHECK(take(source, 2, 1, start, "second").empty());
    CHECK(source.settle(1) == "second");
  }

  TEST_CASE("a consumer that was away counts its waits from when it answers again") {
    stream_source source;
    source.restart(start);
    source.consumer_away(start + 2s);
    CHECK_FALSE(source.look_due(start + 2900ms));
    CHECK(source.look_due(start + 3s));
    source.consumer_found({4, 4, 1}, start + 3s);
    CHECK_FALSE(source.ready());
    source.consumer_found({4, 4, 1}, start + 3s + stream_source::again_wait);
    CHECK(source.ready());
  }

  TEST_CASE(
      "one pull at a time, the next when it is complete, has ended, or has not for too long") {
    auto source = reading();
    CHECK(pull(source, start));
    CHECK_FALSE(pull(source, start + 100ms));
    source.pull_ended(true, start);
    CHECK(source.ready());
    CHECK(pull(source, start + 100ms));
    for (std::size_t i = 1; i < stream_source::pull_batch; ++i) CHECK_FALSE(source.arrived());
    CHECK_FALSE(pull(source, start + 200ms));
    CHECK(source.arrived());
    CHECK_FALSE(source.arrived());  // of a pull that was given up
    CHECK(pull(source, start + 200ms));
    CHECK_FALSE(pull(source, start + 200ms + stream_source::pull_expires));
    CHECK(pull(source, start + 300ms + stream_source::pull_expires));
    source.pull_ended(false, start);
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
    for (std::uint64_t i = 1; i <= room + 1; ++i) REQUIRE(take(source, i, i) == sequences{i});
    CHECK_FALSE(pull(source, start));
    CHECK(source.settle(1));
    CHECK(pull(source, start));
    source.drop();
    CHECK(source.under_way() == 0);
    CHECK(pull(source, start));
  }
}
