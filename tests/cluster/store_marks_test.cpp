#include "cluster/nats/store_marks.hpp"

#include <doctest/doctest.h>

using namespace starling::cluster::jetstream;

TEST_SUITE_BEGIN("cluster/store_marks");

TEST_CASE("an epoch is found among other text, and only a whole one") {
  CHECK(find_epoch("starling epoch=12") == 12u);
  CHECK(find_epoch(with_epoch("", 18446744073709551615u)) == 18446744073709551615u);
  CHECK(find_epoch(with_epoch("our orders", 7)) == 7u);
  CHECK(find_epoch(with_epoch("starling epoch=", 7)) == 7u);
  CHECK(find_epoch("starling epoch=12, kept for ann") == 12u);
  for (const auto* bad : {"", "orders", "starling epoch=", "starling epoch=0", "starling epoch=-1",
                          "starling epoch=12a", "starling epoch=18446744073709551616", "epoch=12"})
    CHECK_FALSE(find_epoch(bad));
}

TEST_CASE("the number of partitions stands beside the epoch; of one alone a store may not say so") {
  const auto several = with_epoch(with_partitions("our orders", 3), 7);
  CHECK(several == "our orders starling partitions=3 starling epoch=7");
  CHECK(find_partitions(several) == 3u);
  CHECK(find_epoch(several) == 7u);
  CHECK(with_epoch(with_partitions({}, 1), 7) == "starling partitions=1 starling epoch=7");
  CHECK_FALSE(find_partitions("starling epoch=7"));
  CHECK_FALSE(find_partitions("starling partitions=0"));
}

TEST_SUITE_END();
