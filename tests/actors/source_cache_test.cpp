#include "actors/roster/source_cache.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/actors/actor_fixture.hpp"

namespace starling::actors::test {

namespace {

using namespace std::chrono_literals;
using texts = std::vector<std::string>;
using names = cluster::membership_source::names;

const error away{errc::unavailable, "away"};

/// A cache whose questions wait for the test to answer.
struct cached : source_cache::output {
  explicit cached(source_cache_options options = {}) : cache(options, *this) {}

  void ask_rooms(std::size_t source, const tenant_id&, const std::string& user) override {
    asked.push_back(std::to_string(source) + " rooms " + user);
  }
  void ask_users(std::size_t source, const tenant_id&, const std::string& room) override {
    asked.push_back(std::to_string(source) + " users " + room);
  }
  void changed(const cluster::roster_entry& entry, bool member, bool heard) override {
    if (heard)
      told.push_back((member ? "+" : "-") + entry.user + " " + entry.room + " " +
                     std::to_string(entry.since_seq));
  }
  void known(const tenant_id&, const std::string& user, const error* failure) override {
    settled.push_back(user + (failure ? " away" : ""));
  }
  sequence here(const tenant_id&) override { return position; }

  bool came(const std::string& user) { return cache.session_came(acme, user, now); }
  void went(const std::string& user) { cache.session_went(acme, user, now); }
  void rooms(const std::string& user, const result<names>& of, std::size_t source = 0) {
    cache.rooms_answered(source, acme, user, of, now);
  }
  void users(const std::string& room, const result<names>& of) {
    cache.users_answered(0, acme, room, of, now);
  }
  void known_user(const std::string& user, const names& of) {
    came(user);
    rooms(user, of);
    forget_all();
  }
  texts rooms_of(const std::string& user) {
    texts out;
    for (const auto& entry : cache.rooms_of(acme, user)) out.push_back(entry.room);
    return out;
  }
  void pass(std::chrono::milliseconds time) {
    now += time;
    cache.tick(now);
  }
  void forget_all() {
    asked.clear();
    told.clear();
    settled.clear();
  }

  steady_time now = steady_time{} + 1h;
  sequence position = 50;
  texts asked, told, settled;
  source_cache cache;
};

}  // namespace

TEST_SUITE("actors/source_cache") {
  TEST_CASE("of whom nothing is known every source is asked, once for all who wait") {
    cached c({.sources = 2});
    CHECK_FALSE(c.came("ann"));
    CHECK_FALSE(c.came("ann"));
    CHECK(c.asked == texts{"0 rooms ann", "1 rooms ann"});
    c.rooms("ann", names{"b", "a"}, 1);
    CHECK(c.settled.empty());
    c.rooms("ann", names{"a", "c"}, 0);
    CHECK(c.settled == texts{"ann"});
    CHECK(c.rooms_of("ann") == texts{"a", "b", "c"});
    CHECK(c.told.empty());  // the join brings them
    CHECK(c.came("ann"));
    CHECK(c.cache.count().hits == 1);
    CHECK(c.cache.count().misses == 2);
  }

  TEST_CASE("a source that is away with nothing known is said, and the next one asks again") {
    cached c;
    CHECK_FALSE(c.came("ann"));
    c.rooms("ann", away);
    CHECK(c.settled == texts{"ann away"});
    c.went("ann");
    CHECK(c.cache.count().users == 0);
    CHECK_FALSE(c.came("ann"));
    CHECK(c.asked.size() == 2);
  }

  TEST_CASE("one of two sources is not enough") {
    cached c({.sources = 2});
    c.came("ann");
    c.rooms("ann", names{"a"}, 0);
    c.rooms("ann", away, 1);
    CHECK(c.settled == texts{"ann away"});
  }

  TEST_CASE("while a source is away old answers go on being used at once") {
    cached c;
    c.known_user("ann", {"a"});
    c.went("ann");
    c.pass(1h);
    CHECK_FALSE(c.came("ann"));  // nobody knows yet that it is away
    c.rooms("ann", away);
    CHECK(c.settled == texts{"ann"});
    CHECK(c.rooms_of("ann") == texts{"a"});
    CHECK(c.came("ann"));
    CHECK(c.cache.count().stale == 1);
    CHECK(c.told.empty());
  }

  TEST_CASE("live users are asked for again before their answer is too old") {
    cached c({.fresh = 60s});
    c.known_user("ann", {"a", "b"});
    c.pass(58s);
    CHECK(c.asked.empty());
    c.position = 70;
    c.pass(1s);
    REQUIRE(c.asked == texts{"0 rooms ann"});
    c.position = 80;
    c.rooms("ann", names{"b", "c"});
    // A new one begins where the history stood when it was asked for.
    CHECK(std::set(c.told.begin(), c.told.end()) == std::set<std::string>{"-ann a 0", "+ann c 70"});
    c.forget_all();
    c.pass(59s);
    CHECK(c.asked.size() == 1);
  }

  TEST_CASE("with a cache of a second every tick asks") {
    cached c({.fresh = 1s});
    c.known_user("ann", {"a"});
    for (int i = 1; i <= 3; ++i) {
      c.pass(1s);
      REQUIRE(c.asked.size() == static_cast<std::size_t>(i));
      c.rooms("ann", names{"a"});
    }
  }

  TEST_CASE("a short cache needs ticks that are shorter still") {
    cached c({.fresh = 400ms, .tick = 100ms});
    c.known_user("ann", {"a"});
    c.pass(200ms);
    CHECK(c.asked.empty());
    CHECK(c.came("ann"));
    c.pass(100ms);
    CHECK(c.asked.size() == 1);
  }

  TEST_CASE("live users keep their rooms while the source is away, and are tried again") {
    cached c({.fresh = 60s});
    c.known_user("ann", {"a"});
    c.pass(60s);
    c.rooms("ann", away);
    CHECK(c.told.empty());
    CHECK(c.rooms_of("ann") == texts{"a"});
    c.forget_all();
    c.pass(1s);
    CHECK(c.asked.empty());
    c.pass(1s);
    CHECK(c.asked == texts{"0 rooms ann"});
    c.rooms("ann", names{});
    CHECK(c.told == texts{"-ann a 0"});
  }

  TEST_CASE("only so many are refreshed at a time, and all are") {
    cached c({.fresh = 60s, .max_refreshing = 2});
    for (const auto* user : {"u1", "u2", "u3"}) c.known_user(user, {"a"});
    c.pass(60s);
    CHECK(c.asked.size() == 2);
    c.rooms("u1", names{"a"});
    CHECK(c.asked.size() == 3);
  }

  TEST_CASE("news of a user are asked for when they are here, else forgotten") {
    cached c;
    c.known_user("ann", {"a"});
    c.known_user("bob", {"a"});
    c.went("bob");
    c.cache.heard({{}, "ann", {}}, c.now);
    c.cache.heard({acme, "bob", {}}, c.now);
    c.cache.heard({tenant_id("other"), "ann", {}}, c.now);
    CHECK(c.asked == texts{"0 rooms ann"});
    c.rooms("ann", names{"a", "b"});
    CHECK(c.told == texts{"+ann b 50"});
    CHECK(c.rooms_of("bob").empty());
    CHECK_FALSE(c.came("bob"));
  }

  TEST_CASE("news while a user is asked for make a second question, and who waits waits for it") {
    cached c;
    c.came("ann");
    c.cache.heard({acme, "ann", {}}, c.now);
    c.rooms("ann", names{"old"});
    CHECK(c.settled.empty());
    CHECK(c.asked.size() == 2);
    c.rooms("ann", names{"new"});
    CHECK(c.settled == texts{"ann"});
    CHECK(c.rooms_of("ann") == texts{"new"});
  }

  TEST_CASE("news of a room ask who is in it, and everybody's rooms follow") {
    cached c;
    c.known_user("ann", {"a", "b"});
    c.known_user("bob", {"b"});
    c.known_user("cid", {"a"});
    c.went("cid");
    c.cache.heard({{}, {}, "a"}, c.now);
    REQUIRE(c.asked == texts{"0 users a"});
    c.users("a", names{"bob", "stranger"});
    CHECK(std::set(c.told.begin(), c.told.end()) == std::set<std::string>{"-ann a 0", "+bob a 50"});
    CHECK(c.rooms_of("cid").empty());
    CHECK(c.rooms_of("stranger").empty());
  }

  TEST_CASE("news of a room that cannot be asked for put everybody in doubt") {
    cached c;
    c.known_user("ann", {"a"});
    c.cache.heard({{}, {}, "a"}, c.now);
    c.users("a", away);
    c.pass(1s);
    CHECK(c.asked == texts{"0 users a", "0 rooms ann"});
  }

  TEST_CASE("empty news forget everything, and live users are asked for again") {
    cached c;
    c.known_user("ann", {"a"});
    c.known_user("bob", {"a"});
    c.went("bob");
    c.cache.heard({}, c.now);
    CHECK(c.asked == texts{"0 rooms ann"});
    CHECK(c.cache.count().users == 1);
    CHECK(c.rooms_of("ann") == texts{"a"});  // until the answer is there
  }

  TEST_CASE("an event in a room whose members are not known brings them, with the event") {
    cached c;
    c.known_user("ann", {});
    CHECK(c.cache.room_named(acme, "a", 90, c.now));
    CHECK(c.asked == texts{"0 users a"});
    CHECK_FALSE(c.cache.room_named(acme, "a", 91, c.now));
    CHECK(c.asked.size() == 1);
    c.users("a", names{"ann"});
    CHECK(c.told == texts{"+ann a 89"});
    c.pass(10min);
    CHECK(c.cache.room_named(acme, "a", 95, c.now));
  }

  TEST_CASE("nobody is asked about rooms of tenants that have nobody here; others are told once") {
    cached c;
    CHECK(c.cache.room_named(acme, "a", 90, c.now));
    CHECK_FALSE(c.cache.room_named(acme, "a", 91, c.now));
    CHECK(c.asked.empty());
    c.known_user("ann", {});
    c.cache.room_named(acme, "a", 92, c.now);
    CHECK(c.asked == texts{"0 users a"});
  }

  TEST_CASE("a room whose members could not be found out is asked for again soon") {
    cached c;
    c.known_user("ann", {});
    c.cache.room_named(acme, "a", 90, c.now);
    c.users("a", away);
    c.pass(2s);
    c.forget_all();
    c.cache.room_named(acme, "a", 91, c.now);
    CHECK(c.asked == texts{"0 users a"});
  }

  TEST_CASE("users without a session are remembered up to a bound, the latest of them") {
    cached c({.max_users = 2});
    for (const auto* user : {"u1", "u2", "u3"}) {
      c.known_user(user, {"a"});
      c.went(user);
      c.now += 1ms;
    }
    c.known_user("live", {"a"});
    CHECK(c.cache.count().users == 3);
    CHECK(c.cache.count().memberships == 3);
    CHECK(c.rooms_of("u1").empty());
    CHECK(c.rooms_of("u3") == texts{"a"});
  }

  TEST_CASE("an answer for somebody who was forgotten changes nothing") {
    cached c;
    c.rooms("ann", names{"a"});
    c.users("a", names{"ann"});
    CHECK(c.cache.count().users == 0);
    CHECK(c.cache.count().memberships == 0);
  }
}

}  // namespace starling::actors::test
