#include "cluster/ingest/core_source.hpp"

#include <doctest/doctest.h>

using namespace starling;
using namespace starling::cluster;
using namespace std::chrono_literals;

namespace {

const steady_time start{1000s};

core_source::message heard_at(steady_time when, std::string body) {
  return {when, when - 100ms, "s", std::move(body), ""};
}

/// Heard a second before `start`, and 1 and 3 s after it.
core_source on_standby(bool replayable) {
  core_source out("s", replayable);
  out.stand_by(heard_at(start - 1s, "before"));
  out.stand_by(heard_at(start + 1s, "soon"));
  out.stand_by(heard_at(start + 3s, "late"));
  return out;
}

std::string bodies(const std::vector<core_source::message>& all) {
  std::string out;
  for (const auto& each : all) out += each.body + ' ';
  return out;
}

predecessor dead() {
  predecessor out{"n2"};
  out.died = true;
  out.last_heard = start;
  out.held_until = start + lease::validity;
  return out;
}

}  // namespace

TEST_SUITE("cluster/core_source") {
  TEST_CASE("of a source that was handed over, what is behind the mark is ours") {
    auto source = on_standby(false);
    predecessor before;
    before.handed_over = start;
    CHECK(bodies(source.take_over(before)) == "soon late ");
    CHECK(bodies(source.take_over(before)).empty());
    CHECK(source.lost() == 0);
  }

  TEST_CASE("of a dead node's with ids everything is ingested again") {
    auto source = on_standby(true);
    CHECK(bodies(source.take_over(dead())) == "before soon late ");
    CHECK(source.lost() == 0);
  }

  TEST_CASE("without ids what it may have ingested is left out, and counted where nobody knows") {
    auto source = on_standby(false);
    CHECK(bodies(source.take_over(dead())) == "late ");
    CHECK(source.lost() == 1);  // "before" it had ingested for sure
  }

  TEST_CASE("what was held up on its way may be from before the node died") {
    core_source source("s", false);
    for (const auto sent_after : {start + 1900ms, start + 2s, start + 2100ms})
      source.stand_by({start + 4s, sent_after, "s", "held up", ""});
    CHECK(bodies(source.take_over(dead())) == "held up ");
    CHECK(source.lost() == 2);
  }

  TEST_CASE("a source that nobody had is ours from as far back as we have heard") {
    auto source = on_standby(false);
    CHECK(bodies(source.take_over({})) == "before soon late ");
  }

  TEST_CASE("numbers ascend, also after it was dropped, and are settled once") {
    core_source source("s", false);
    CHECK(source.begin(heard_at(start, "a")) == 1U);
    CHECK(source.begin(heard_at(start, "b")) == 2U);
    source.settle(1);
    source.settle(1);
    source.settle(7);
    CHECK(source.under_way() == 1);
    source.drop();
    CHECK(source.under_way() == 0);
    CHECK(source.begin(heard_at(start, "c")) == 3U);
  }

  TEST_CASE("what comes faster than it is settled is lost and counted, in number and bytes") {
    core_source many("s", false);
    const auto one = heard_at(start, "x");
    for (std::size_t i = 0; i < core_source::max_under_way; ++i) REQUIRE(many.begin(one));
    CHECK_FALSE(many.begin(one));
    CHECK(many.lost() == 1);
    many.settle(1);
    CHECK(many.begin(one) == core_source::max_under_way + 1);

    core_source large("s", false);
    const auto half = heard_at(start, std::string(core_source::max_under_way_bytes / 2, 'x'));
    CHECK(large.begin(half));
    CHECK_FALSE(large.begin(half));  // the subject counts too
    CHECK(large.lost() == 1);
    large.settle(1);
    CHECK(large.begin(half));
  }
}
