#include "actors/session/outbox_policy.hpp"

#include "tests/actors/actor_fixture.hpp"

namespace starling::actors::test {

namespace {

using step = outbox_policy::step;

/// One session before a transport that the test plays; every event has ten bytes.
struct one_session {
  outbox_options options;
  outbox_budget budget{options};
  net::identity_ptr user = make_identity("ann");
  outbox_policy policy;
  transport_load transport{};
  sequence last = 0;

  outbox_terms terms() { return {options, budget, user}; }
  publication_ptr next() { return make_publication("a", ++last, "0123456789"); }
  bool fits(std::size_t more = 1) { return policy.fits(transport, more, terms()); }
  /// Events that wait, and whether they are too many then.
  bool push(std::size_t count) {
    bool out = false;
    for (; count > 0; --count) {
      policy.push(next());
      out = policy.overflows(transport, terms());
    }
    return out;
  }
  /// What is sent until the policy wants something else.
  std::vector<sequence> send_all(step& then) {
    std::vector<sequence> out;
    while ((then = policy.next(transport, terms())) == step::send) {
      out.push_back(policy.pop()->seq());
      ++transport.queued.events;
    }
    return out;
  }
};

constexpr auto everything = [](const publication&) { return true; };

}  // namespace

TEST_SUITE("actors/outbox_policy") {
  TEST_CASE("a transport takes events up to the session's limit of events, or of bytes") {
    one_session s;
    s.options.session = {10, 1000};
    s.transport.queued = {8, 0};
    CHECK(s.fits(2));
    CHECK_FALSE(s.fits(3));
    s.transport.queued = {0, 999};
    CHECK(s.fits(10));
    s.transport.queued = {0, 1000};
    CHECK_FALSE(s.fits(1));
  }

  TEST_CASE("the budget of all counts only while the kernel takes no more") {
    one_session s;
    s.options.session = {100, 1 << 20};
    s.options.user = {20, 1 << 20};
    s.transport.queued = {50, 500};
    CHECK(s.fits());
    CHECK(s.budget.held().events == 0);
    s.transport.back_pressure = true;
    CHECK_FALSE(s.fits());
    CHECK(s.budget.held().events == 50);
    s.policy.drained();
    CHECK(s.budget.held().events == 0);
  }

  TEST_CASE("what waits for a join may be ten outboxes full") {
    one_session s;
    s.options.session.events = 10;
    s.policy.wait_for_join(s.terms());
    CHECK(s.policy.waits());
    CHECK_FALSE(s.push(100));
    CHECK(s.push(1));
    CHECK(s.policy.held({3, 30}).events == 3);  // it is not the client's fault
  }

  TEST_CASE("a replay comes before what waited, is never too long, and then nothing waits") {
    one_session s;
    s.options.session.events = 1000;
    s.policy.wait_for_join(s.terms());
    s.last = 50;
    CHECK_FALSE(s.push(2));
    std::vector<publication_ptr> past;
    for (const sequence seq : {7, 8}) past.push_back(make_publication("a", seq, "0123456789"));
    s.policy.insert_replay(past, s.terms());
    CHECK_FALSE(s.policy.overflows(s.transport, s.terms()));
    step then{};
    CHECK(s.send_all(then) == std::vector<sequence>{7, 8, 51, 52});
    CHECK(then == step::none);
    CHECK_FALSE(s.policy.waits());
  }

  TEST_CASE(
      "what waits is sent until the transport is half full, and goes on when it has drained") {
    one_session s;
    s.options.session = {4, 1 << 20};
    s.policy.wait_for_join(s.terms());
    CHECK_FALSE(s.push(3));
    step then{};
    CHECK(s.send_all(then) == std::vector<sequence>{1, 2});
    CHECK(then == step::for_drain);
    s.transport.queued = {};
    s.policy.drained();
    CHECK(s.send_all(then) == std::vector<sequence>{3});
    CHECK(then == step::none);
  }

  TEST_CASE("events that a replay holds do not wait any more") {
    one_session s;
    s.policy.wait_for_join(s.terms());
    s.push(3);
    s.policy.drop_known([](const publication_ptr& each) { return each->seq() == 2; });
    step then{};
    CHECK(s.send_all(then) == std::vector<sequence>{1, 3});
  }

  TEST_CASE("behind a full transport the oldest go, and the client is told how many, first") {
    one_session s;
    s.options.drop_oldest = true;
    s.options.session = {10, 1 << 20};
    s.transport.queued = {5, 50};
    s.policy.wait_for_room();
    CHECK_FALSE(s.push(5));
    CHECK(s.policy.held(s.transport.queued).events == 10);
    CHECK(s.policy.held(s.transport.queued).bytes == 100);
    CHECK(s.push(1));
    std::vector<sequence> skipped;
    s.transport.queued = {2, 20};  // three were dropped there
    const auto gone = s.policy.drop_oldest(s.transport, s.terms(), 3, [&](const publication& p) {
      skipped.push_back(p.seq());
      return true;
    });
    CHECK(gone == 3);  // that made room enough
    CHECK(skipped.empty());
    CHECK(s.push(3));
    CHECK(s.policy.drop_oldest(s.transport, s.terms(), 0, everything) == 1);
    s.transport.queued = {};
    CHECK(s.policy.next(s.transport, s.terms()) == step::tell);
    CHECK(s.policy.take_dropped() == 4);
    CHECK_FALSE(s.policy.anything_dropped());
    CHECK(s.policy.next(s.transport, s.terms()) == step::send);
    CHECK(s.policy.pop()->seq() == 2);
  }

  TEST_CASE("events that were not for the client are dropped and not told of") {
    one_session s;
    s.options.drop_oldest = true;
    s.options.session = {2, 1 << 20};
    s.policy.wait_for_room();
    CHECK(s.push(4));
    const auto odd = [](const publication& p) { return p.seq() % 2 == 1; };
    CHECK(s.policy.drop_oldest(s.transport, s.terms(), 0, odd) == 1);  // of 1 and 2
    CHECK(s.policy.pop()->seq() == 3);
  }

  TEST_CASE("the newest event stays, however little room there is") {
    one_session s;
    s.options.drop_oldest = true;
    s.options.session = {1, 1};
    s.policy.wait_for_room();
    s.push(3);
    CHECK(s.policy.drop_oldest(s.transport, s.terms(), 0, everything) == 2);
    CHECK(s.policy.pop()->seq() == 3);
  }

  TEST_CASE("what is behind a full transport counts against the budget of its user") {
    one_session s;
    s.options.drop_oldest = true;
    s.options.session = {100, 1 << 20};
    s.options.user = {40, 1 << 20};
    s.policy.wait_for_room();
    CHECK_FALSE(s.push(20));
    CHECK(s.push(1));  // half of what the user may have is the most that one alone gets
    CHECK(s.budget.held().events == 21);
    s.policy.account({9, 90});
    CHECK(s.budget.held().events == 30);
    s.policy = {};
    CHECK(s.budget.held().events == 0);
  }

  TEST_CASE("a client that nobody waits for is told of no losses") {
    outbox_policy policy;
    CHECK_FALSE(policy.waits());
    CHECK(policy.take_dropped() == 0);
    policy.drained();
    policy.account({1, 1});
    CHECK(policy.held({1, 2}).bytes == 2);
  }
}

}  // namespace starling::actors::test
