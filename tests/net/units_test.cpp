#include <doctest/doctest.h>

#include "net/base/units.hpp"

using namespace starling;
using namespace std::chrono_literals;

TEST_SUITE("net/units") {
  TEST_CASE("durations are read and written in their units") {
    CHECK(parse_duration("30s") == 30s);
    CHECK(parse_duration("500ms") == 500ms);
    CHECK(parse_duration("5m") == 5min);
    CHECK(parse_duration("2h") == 2h);
    CHECK(parse_duration("1d") == 24h);
    CHECK(parse_duration("0s") == 0ms);
    for (const char* bad : {"", "5", "s", "5 s", "5 parsecs", "-5s", "+5s", "5S", "1.5s", "5s ",
                            "99999999999999999999s", "36501d", "18446744073709551615d"}) {
      CAPTURE(bad);
      CHECK_FALSE(parse_duration(bad));
    }
    CHECK(format_duration(90s) == "90s");
    CHECK(format_duration(120s) == "2m");
    CHECK(format_duration(1500ms) == "1500ms");
    CHECK(format_duration(24h) == "1d");
    CHECK(format_duration(0ms) == "0s");
  }

  TEST_CASE("sizes are read and written in their units") {
    CHECK(parse_size("512") == 512u);
    CHECK(parse_size("512B") == 512u);
    CHECK(parse_size("64KiB") == 65536u);
    CHECK(parse_size("1MB") == 1'000'000u);
    CHECK(parse_size("1MiB") == 1'048'576u);
    CHECK(parse_size("2GiB") == 2'147'483'648u);
    for (const char* bad : {"", "KiB", "64 bananas", "64 KiB", "-1", "1.5MiB", "64kib",
                            "9223372036854775808", "9999999999GiB"}) {
      CAPTURE(bad);
      CHECK_FALSE(parse_size(bad));
    }
    CHECK(format_size(65536) == "64KiB");
    CHECK(format_size(1'048'576) == "1MiB");
    CHECK(format_size(1000) == "1000");
    CHECK(format_size(0) == "0");
  }
}
