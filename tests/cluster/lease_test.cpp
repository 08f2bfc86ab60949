#include "cluster/ingest/lease.hpp"

#include <doctest/doctest.h>

#include "cluster/ingest/standby_buffer.hpp"

using namespace starling;
using namespace starling::cluster;
using namespace std::chrono_literals;

namespace {
const steady_time start{1000s};
}

TEST_SUITE("cluster/lease") {
  TEST_CASE("an entry that is free or our own of before is taken at the first look") {
    lease free(start);
    CHECK(free.look_due(start));
    free.looked_up("", 5, start);
    CHECK(free.takeable("n1", start));
    lease own(start);
    own.looked_up("n1", 5, start);
    CHECK(own.takeable("n1", start));
    CHECK_FALSE(own.takeable("n2", start));
  }

  TEST_CASE("another's is taken when nothing was heard of it for longer than it believes in it") {
    lease one(start);
    one.looked_up("n2", 5, start);
    CHECK_FALSE(one.look_due(start + 1s));
    one.heard("n2", start + 1s);
    CHECK_FALSE(one.look_due(start + 1s + lease::patience / 2));
    CHECK(one.look_due(start + 1s + lease::patience / 2 + 1ms));
    one.looked_up("n2", 6, start + 3s);
    CHECK_FALSE(one.takeable("n1", start + 1s + lease::patience));
    CHECK_FALSE(one.look_due(start + 1s + lease::patience));
    CHECK(one.look_due(start + 1s + lease::patience + 1ms));
    one.looked_up("n2", 6, start + 4s);
    CHECK(one.takeable("n1", start + 4s));
    CHECK(lease::patience > lease::validity);
  }

  TEST_CASE("a change that was not heard is a sign of life") {
    lease one(start);
    one.looked_up("n2", 5, start);
    one.looked_up("n2", 7, start + 3s);
    CHECK_FALSE(one.takeable("n1", start + 3s));
    CHECK(one.takeable("n1", start + 3s + lease::patience + 1ms));
  }

  TEST_CASE("what is seen for the first time after a long silence may have been renewed just now") {
    lease one(start);
    one.looked_up("n2", 5, start);
    one.heard("n2", start + 1s);
    // NATS was away; n3 was quicker.
    one.looked_up("n3", 9, start + 6s);
    CHECK_FALSE(one.takeable("n1", start + 6s));
    CHECK(one.look_due(start + 6s + 100ms));
    one.looked_up("n3", 10, start + 6500ms);
    CHECK_FALSE(one.takeable("n1", start + 7s));
    one.looked_up("n3", 10, start + 6500ms + lease::patience + 1ms);
    CHECK(one.takeable("n1", start + 6500ms + lease::patience + 1ms));
    lease other(start);
    other.looked_up("n2", 5, start);
    other.heard("n2", start + 1s);
    other.looked_up("n2", 9, start + 6s);
    other.looked_up("n2", 9, start + 6s + lease::stillness);
    CHECK(other.takeable("n1", start + 6s + lease::stillness));
  }

  TEST_CASE("what was not heard for want of a connection is no silence") {
    lease one(start);
    one.looked_up("n2", 5, start);
    one.heard("n2", start + 1s);
    // Deaf until then; n2 may have renewed it just before this look, and be held up for a second.
    const auto back = start + 6s;
    one.hears_since(back);
    one.looked_up("n2", 9, back);
    one.looked_up("n2", 9, back + lease::stillness);
    CHECK_FALSE(one.takeable("n1", back + lease::stillness));
    CHECK_FALSE(one.takeable("n1", back + lease::patience));
    CHECK(one.look_due(back + lease::patience + 1ms));
    CHECK(one.takeable("n1", back + lease::patience + 1ms));
    CHECK(one.last_heard() == start + 1s);  // what came behind it, n2 may not have ingested,
    CHECK(one.believed_until() == back + lease::validity);  // but it may have, until then
    one.heard("n2", back + 2s);
    CHECK_FALSE(one.takeable("n1", back + 2s + lease::patience));
  }

  TEST_CASE("who holds it believes in it from when it asked, renews it, and lets it go in time") {
    lease one(start);
    one.looked_up("", 5, start);
    one.taken("n1", 6, start);
    CHECK(one.held());
    CHECK_FALSE(one.look_due(start + 1h));
    CHECK_FALSE(one.renewal_due(start + lease::renewal - 1ms));
    CHECK(one.renewal_due(start + lease::renewal));
    CHECK_FALSE(one.expired(start + lease::validity - 1ms));
    CHECK(one.expired(start + lease::validity));
    one.heard("n2", start + 1s);  // old news
    CHECK(one.holder() == "n1");
    one.lost(start + 2s);
    CHECK_FALSE(one.held());
    CHECK(one.look_due(start + 2s));
    CHECK_FALSE(one.takeable("n1", start + 2s));
  }
}

TEST_SUITE("cluster/standby_buffer") {
  TEST_CASE("it keeps the latest, in order, and gives what was heard after a moment") {
    standby_buffer buffer;
    for (int i = 0; i < 10; ++i) buffer.push({start + i * 1s, start, "s", std::to_string(i), ""});
    CHECK(buffer.size() == 6);  // 4 to 9: five seconds
    const auto taken = buffer.take(start + 7s);
    REQUIRE(taken.size() == 2);
    CHECK(taken[0].body == "8");
    CHECK(taken[1].body == "9");
    CHECK(buffer.size() == 0);
  }

  TEST_CASE("it is bounded in bytes and number") {
    standby_buffer buffer;
    for (int i = 0; i < 40; ++i)
      buffer.push({start, start, "s", std::string(1024 * 1024, 'x'), ""});
    CHECK(buffer.size() == 31);
    for (std::size_t i = 0; i <= standby_buffer::max_messages; ++i)
      buffer.push({start, start, "s", "", ""});
    CHECK(buffer.size() <= standby_buffer::max_messages);
  }
}
