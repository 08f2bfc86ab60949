#include "actors/base/outbox_budget.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace starling::actors::test {

namespace {

using share = outbox_budget::share;

const channel ann = user_channel(tenant_id{"t"}, "ann");
const channel bob = user_channel(tenant_id{"t"}, "bob");

outbox_options limits(outbox_amount user, outbox_amount node) {
  outbox_options out;
  out.user = user;
  out.node = node;
  return out;
}

/// How many events of 10 bytes one after the other fit.
std::size_t fill(share& into) {
  std::size_t n = 0;
  while (into.fits({n + 1, (n + 1) * 10})) {
    ++n;
    into.hold({n, n * 10});
  }
  return n;
}

}  // namespace

TEST_SUITE("actors/outbox_budget") {
  TEST_CASE("one alone gets half, the next half of what is left") {
    const auto options = limits({1000, 1000}, {100000, 100000});
    outbox_budget budget(options);
    share first(budget, ann), second(budget, ann);
    CHECK(fill(first) == 50);
    CHECK(fill(second) == 25);
    CHECK(budget.held().events == 75);
    CHECK(budget.held().bytes == 750);
  }

  TEST_CASE("any number of them together stay below the budget") {
    const auto options = limits({1000, 100000}, {300, 100000});
    outbox_budget budget(options);
    std::vector<std::unique_ptr<share>> all;
    for (int i = 0; i < 200; ++i) {
      all.push_back(std::make_unique<share>(budget, i % 2 ? ann : bob));
      fill(*all.back());
    }
    CHECK(budget.held().events < 300);
    CHECK(budget.held().events > 280);
  }

  TEST_CASE("a user's budget is no other user's, the node's is everybody's") {
    const auto options = limits({100, 10000}, {160, 10000});
    outbox_budget budget(options);
    share hers(budget, ann), his(budget, bob);
    CHECK(fill(hers) == 50);
    CHECK(fill(his) == 50);
    share another(budget, channel(user_channel(tenant_id{"t"}, "eve")));
    CHECK(fill(another) == 30);
  }

  TEST_CASE("what is given back can be had again") {
    const auto options = limits({100, 10000}, {1000, 10000});
    outbox_budget budget(options);
    {
      share gone(budget, ann);
      CHECK(fill(gone) == 50);
      gone.hold({10, 100});
      CHECK(budget.held().events == 10);
    }
    CHECK(budget.held().events == 0);
    CHECK(budget.held().bytes == 0);
    share next(budget, ann);
    CHECK(fill(next) == 50);
  }
}

}  // namespace starling::actors::test
