#include "net/stream/outbox.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

using namespace starling;
using starling::net::outbox;

namespace {

frame bracketed_event(std::string_view text, std::size_t events = 1) {
  return {"[", text, "]", std::vector<std::int64_t>(events, 1)};
}
frame bracketed_notice(std::string_view text) { return {"[", text, "]"}; }

std::string gathered(const outbox& box, std::size_t most = 64) {
  std::vector<iovec> parts(most);
  std::string out;
  const auto count = box.gather(parts);
  for (std::size_t i = 0; i < count; ++i)
    out.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  return out;
}

}  // namespace

TEST_SUITE("net/outbox") {
  TEST_CASE("an empty one is three words") { CHECK(sizeof(outbox) <= 24); }

  TEST_CASE("order and counts hold through growth, wrap-around and partial writes") {
    outbox box(true);
    std::string expected;
    std::string taken;
    int done = 0;
    for (int i = 0; i < 100; ++i) {
      const auto text = std::to_string(i);
      CHECK(box.push(bracketed_event(text)) == text.size() + 2);
      expected += "[" + text + "]";
      if (i % 3 != 0) continue;
      taken += gathered(box).substr(0, 5);
      box.consume(5, [&](const frame&) { ++done; });
    }
    CHECK(box.bytes() == expected.size() - taken.size());
    CHECK(box.frames() == 100u - static_cast<unsigned>(done));
    taken += gathered(box, 200);
    CHECK(taken == expected);
    box.consume(box.bytes(), [&](const frame&) { ++done; });
    CHECK(done == 100);
    CHECK(box.empty());
  }

  TEST_CASE("a frame of several events counts for all of them") {
    outbox box(true);
    box.push(bracketed_event("abc", 3));
    box.push(bracketed_notice("n"));
    box.push(bracketed_event("de", 2));
    CHECK(box.frames() == 3);
    CHECK(box.items() == 6);
    box.consume(2, [](const frame&) { FAIL("not complete"); });  // of [abc]
    CHECK(box.items() == 5);
    box.consume(3, [](const frame& done) { CHECK(done.accepted_ns().size() == 3); });
    CHECK(box.items() == 3);
    CHECK(box.drop_events(0).events == 2);
    CHECK(box.items() == 1);
    CHECK(gathered(box) == "[n]");
  }

  TEST_CASE("bodies alone when the transfer encoding is not wanted") {
    outbox box(false);
    box.push(bracketed_event("ab"));
    CHECK(box.bytes() == 2);
    CHECK(gathered(box) == "ab");
    CHECK(box.push(frame{"x", "", "y"}) == 0);
    CHECK(box.frames() == 1);
  }

  TEST_CASE("dropping spares notices and what has begun") {
    outbox box(true);
    box.push(bracketed_event("a"));
    box.push(bracketed_notice("n"));
    box.push(bracketed_event("b"));
    box.push(bracketed_event("c"));
    box.push(bracketed_notice("m"));
    box.consume(1, [](const frame&) {});
    auto dropped = box.drop_events(0);
    CHECK(dropped.events == 2);
    CHECK(dropped.bytes == 6);
    CHECK(gathered(box) == "a][n][m]");
    CHECK(box.bytes() == 8);
    box.push(bracketed_event("d"));
    CHECK(box.drop_events(3).events == 1);
    outbox only(true);
    only.push(bracketed_event("a"));
    CHECK(only.drop_events(1).events == 0);
    CHECK(only.drop_events(0).events == 1);
    CHECK(only.empty());
    CHECK(only.bytes() == 0);
  }
}
