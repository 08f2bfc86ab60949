#include "actors/base/publication.hpp"

#include <thread>

#include "tests/actors/actor_fixture.hpp"

namespace starling::actors::test {

TEST_SUITE("actors/publication") {
  TEST_CASE("an event is encoded once per format, and each format has its own bytes") {
    const auto publication = make_publication("a", 5, "hello");
    const auto& named = publication->frame_for(net::wire_format::sse_named);
    CHECK(&publication->frame_for(net::wire_format::sse_named) == &named);
    const auto& ws = publication->frame_for(net::wire_format::ws_json);
    CHECK(ws.whole().data() != named.whole().data());
    CHECK(ws.whole() != named.whole());
  }

  TEST_CASE("the id on the wire is the event's position") {
    const auto publication = make_publication("a", 5, "hello");
    auto id = cursor{7, 5}.str();
    id.insert(0, "id: ").push_back('\n');
    CHECK(publication->frame_for(net::wire_format::sse_named).body().find(id) !=
          std::string_view::npos);
  }

  TEST_CASE("a position without a sequence of its own is an event that is not stored") {
    const publication typing(make_event(room_of("a"), "x"), cursor{7, 5}, 0);
    CHECK_FALSE(typing.stored());
    CHECK(typing.at().seq == 5);
    CHECK(make_publication("a", 5)->stored());
  }

  TEST_CASE("threads that need the same format at once get the same bytes") {
    for (int round = 0; round < 100; ++round) {
      const auto publication = make_publication("a", 5, "hello");
      std::array<const char*, 4> bytes{};
      {
        std::vector<std::jthread> threads;
        for (auto& slot : bytes)
          threads.emplace_back([&slot, &publication] {
            slot = publication->frame_for(net::wire_format::sse_named).whole().data();
          });
      }
      for (const auto* each : bytes) CHECK(each == bytes[0]);
    }
  }
}

}  // namespace starling::actors::test
