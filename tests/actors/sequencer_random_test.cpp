/// Whatever happens in whatever order: nothing leaves before its turn, nothing is lost in silence.
#include <doctest/doctest.h>

#include <cstdlib>

#include "tests/actors/sequencer_world.hpp"

namespace starling::actors::test::sequencing {

TEST_SUITE("actors/sequencer random") {
  // STARLING_SCHEDULES=N: that many instead of 2,000.
  TEST_CASE("thousands of schedules: in order, everything once or reported lost") {
    const auto* const wish = std::getenv("STARLING_SCHEDULES");
    const auto schedules = wish ? static_cast<unsigned>(std::atoi(wish)) : 2'000u;
    std::size_t delivered = 0, late = 0, lost = 0;
    for (unsigned seed = 1; seed <= schedules; ++seed) {
      random_world world(seed);
      for (int i = 0; i < 400 && world.fault().empty(); ++i) world.step();
      world.settle();
      delivered += world.delivered();
      late += world.late();
      lost += world.lost();
      CAPTURE(seed);
      if (!world.fault().empty()) FAIL(world.fault());
    }
    MESSAGE(delivered << " delivered, " << late << " late, " << lost << " losses reported");
    CHECK(delivered > 20 * schedules);
    CHECK(late > schedules / 10);
    CHECK(lost > schedules / 100);
  }
}

}  // namespace starling::actors::test::sequencing
